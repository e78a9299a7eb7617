/** Files of the host that are loaded or obeyed as root: opened only where root alone could have put them (trusted_path.h). */
import { HostError, SyscallError } from "../runtime/common/errors.ts";
import { call, cString, textOf } from "./shim_call.ts";
import { ENOENT } from "../runtime/common/errno.ts";

/** Bytes: a path and a few words. */
const MAX_PROBLEM = 4096 + 64;

/**
 * A descriptor of a regular file, for reading. It stands for the file that was looked at, whatever has its name by now.
 * @param path absolute, without NUL.
 * @param place what has named it, for words about it: `--libkrun`.
 * @throws {HostError} saying what others than root could change, {SyscallError} for a file that cannot be opened.
 */
export function openTrusted(path: string, place: string): number {
  const problem = new Uint8Array(MAX_PROBLEM);
  const result = call("open_trusted", [problem.length], cString(path), problem);
  if (result >= 0) return result;
  const told = textOf(problem);
  if (!told) throw new SyscallError(`${place}: open ${path}`, -result);
  const remedy = "kago uses files that only root can write: let it and every directory above " +
    "it belong to root and be writable by nobody else";
  throw new HostError(`${place}: ${told}`, remedy);
}

/** As openTrusted(); undefined when there is no such file. */
export function openTrustedIfThere(path: string, place: string): number | undefined {
  try {
    return openTrusted(path, place);
  } catch (error) {
    if (error instanceof SyscallError && error.errno === ENOENT) return undefined;
    throw error;
  }
}
