/** The error for a failure of criu. */
import { HostError } from "../common/errors.ts";
import { lastError } from "./log.ts";
import { ifThere } from "../common/files.ts";

/** criu could not dump or restore a container. */
export class CriuError extends HostError {
  override name = "CriuError";
}

/**
 * @param attempt as in "dump container x".
 * @param log the path of criu's log.
 * @param cause criu's own message, which has few details.
 */
export function criuError(attempt: string, log: string, cause: Error): CriuError {
  const text = ifThere(() => Deno.readTextFileSync(log));
  const said = lastError(text ?? "") ?? cause.message;
  const remedy = text === undefined ? "it wrote no log" : `its log is ${log}`;
  return new CriuError(`criu cannot ${attempt}: ${said}`, remedy, { cause });
}
