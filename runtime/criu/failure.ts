/** The error for what criu could not do. */
import { HostError } from "../errors.ts";
import { lastError } from "./log.ts";

/** criu could not dump or restore a container. */
export class CriuError extends HostError {
  override name = "CriuError";
}

/**
 * @param attempt as in "dump container x".
 * @param log the path of criu's log.
 * @param cause what criu told of it, which is little.
 */
export function criuError(attempt: string, log: string, cause: Error): CriuError {
  const text = readLog(log);
  const said = lastError(text ?? "") ?? cause.message;
  const remedy = text === undefined ? "it has left no log" : `its log is ${log}`;
  return new CriuError(`criu cannot ${attempt}: ${said}`, remedy, { cause });
}

/** Takes away what an earlier attempt has left, which would be taken for this one's. */
export function dropLog(path: string): void {
  try {
    Deno.removeSync(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

/** undefined when criu died before it had one. */
function readLog(path: string): string | undefined {
  try {
    return Deno.readTextFileSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
