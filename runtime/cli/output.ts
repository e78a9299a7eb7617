/** Standard output for text that may be longer than one write(2) takes. */
import { errnoOf, SyscallError } from "../common/errors.ts";

/**
 * Writes the whole text.
 * @throws {SyscallError} when the reader is gone or the disk is full; console.log() would not report it.
 */
export function print(text: string): void {
  let rest = new TextEncoder().encode(text);
  try {
    while (rest.length > 0) rest = rest.subarray(Deno.stdout.writeSync(rest));
  } catch (cause) {
    throw new SyscallError("cannot write to standard output", errnoOf(cause), "main", { cause });
  }
}
