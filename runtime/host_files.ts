/** Reads optional files of the host, whose paths are constants. */
import { isAbsent } from "./common/files.ts";

/** The text of a file; undefined when it is missing or not readable. */
export function readText(path: string): string | undefined {
  try {
    return Deno.readTextFileSync(path);
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
}

/** The names in a folder, sorted; none when it is missing or not readable. */
export function listFolder(path: string): string[] {
  try {
    return [...Deno.readDirSync(path)].map(({ name }) => name).sort();
  } catch (error) {
    if (isAbsent(error)) return [];
    throw error;
  }
}
