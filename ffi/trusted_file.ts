/** Host files that root loads or obeys: opened only if no one else could have changed them (trusted_path.h). */
import { HostError, SyscallError } from "../runtime/common/errors.ts";
import { call, cString, textOf } from "./shim_call.ts";
import { ENOENT } from "../runtime/common/errno.ts";

/** Bytes: a path and a few words. */
const MAX_PROBLEM = 4096 + 64;

/**
 * A descriptor for reading a regular file. It refers to the file that was checked, even if the name now refers to another.
 * @param path absolute, without NUL.
 * @param place the source of the path, for messages: `--libkrun`.
 * @throws {HostError} saying what non-root users could change, {SyscallError} for a file that cannot be opened.
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
