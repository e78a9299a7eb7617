/** Standard output, for what may be longer than one write(2) takes. */
import { errnoOf, SyscallError } from "../common/errors.ts";

/**
 * Writes all of the text.
 * @throws {SyscallError} when nobody reads it, or the disk is full: console.log() would not tell.
 */
export function print(text: string): void {
  let rest = new TextEncoder().encode(text);
  try {
    while (rest.length > 0) rest = rest.subarray(Deno.stdout.writeSync(rest));
  } catch (cause) {
    throw new SyscallError("cannot write to standard output", errnoOf(cause), "main", { cause });
  }
}
