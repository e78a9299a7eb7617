/**
 * The error classes of kago. A message is one sentence without a full stop that says what, where and what to do;
 * `cause` keeps the error below. Context is added once per layer, and main.ts alone prints.
 */

/** config.json (or another JSON input) breaks the OCI runtime spec. `jsonPath` is spelled as in `process.args[0]`. */
export class SpecError extends Error {
  override name = "SpecError";
  constructor(readonly jsonPath: string, problem: string, options?: ErrorOptions) {
    super(jsonPath ? `${jsonPath}: ${problem}` : problem, options);
  }
}

/** An operation was asked of a container in the wrong state (runtime spec, "Lifecycle"). */
export class StateError extends Error {
  override name = "StateError";
  constructor(
    readonly id: string,
    readonly operation: string,
    readonly actual: string,
    readonly allowed: readonly string[],
  ) {
    // containerd's shim and CRI-O take a kill or update that fails with these words for one that came too late.
    const words = actual === "stopped" ? " (container not running)" : "";
    const wanted = allowed.join(" or ");
    super(`cannot ${operation} container ${id}: it is ${actual}, must be ${wanted}${words}`);
  }
}

/** A system call failed. `stage` is the process it failed in; `operation` names the call with its arguments. */
export class SyscallError extends Error {
  override name = "SyscallError";
  constructor(
    readonly operation: string,
    readonly errno: number,
    readonly stage: string = "main",
    options?: ErrorOptions,
  ) {
    super(`${operation}: ${describeErrno(errno)}`, options);
  }
}

/** The host lacks something that the request needs; `remedy` says what the user can do. */
export class HostError extends Error {
  override name = "HostError";
  constructor(problem: string, readonly remedy: string, options?: ErrorOptions) {
    super(`${problem}; ${remedy}`, options);
  }
}

/** The command line is wrong. */
export class UsageError extends Error {
  override name = "UsageError";
}

/** No container of that id exists below the state root. */
export class NotFoundError extends Error {
  override name = "NotFoundError";
  constructor(readonly id: string, root: string) {
    super(`container ${id} does not exist below ${root}`);
  }
}

/** Linux errno values (asm-generic/errno.h) that users meet, with glibc's wording. */
const ERRNO_TEXT: Readonly<Record<number, string>> = {
  1: "operation not permitted",
  2: "no such file or directory",
  3: "no such process",
  4: "interrupted system call",
  5: "input/output error",
  6: "no such device or address",
  7: "argument list too long",
  8: "exec format error",
  9: "bad file descriptor",
  10: "no child processes",
  11: "resource temporarily unavailable",
  12: "cannot allocate memory",
  13: "permission denied",
  14: "bad address",
  16: "device or resource busy",
  17: "file exists",
  18: "invalid cross-device link",
  19: "no such device",
  20: "not a directory",
  21: "is a directory",
  22: "invalid argument",
  23: "too many open files in system",
  24: "too many open files",
  25: "inappropriate ioctl for device",
  26: "text file busy",
  27: "file too large",
  28: "no space left on device",
  30: "read-only file system",
  32: "broken pipe",
  34: "numerical result out of range",
  36: "file name too long",
  38: "function not implemented",
  39: "directory not empty",
  40: "too many levels of symbolic links",
  75: "value too large for defined data type",
  87: "too many users",
  90: "message too long",
  95: "operation not supported",
  110: "connection timed out",
  111: "connection refused",
};

const EPERM = 1;

/** helper-c/hook.h: the low bits are a wait(2) status. */
const HOOK_FAILED = 0x10000;

/** The text for an errno, `errno 123` where kago has none; also for how a hook ended. */
export function describeErrno(errno: number): string {
  if (errno & HOOK_FAILED) {
    const signal = errno & 0x7f;
    return signal ? `signal ${signal}` : `exit status ${(errno >> 8) & 0xff}`;
  }
  return ERRNO_TEXT[errno] ?? `errno ${errno}`;
}

/**
 * The errno of an error thrown by Deno's file functions or Deno.kill(), 0 when it is of another kind. Deno gives the
 * number in the message only; EBUSY, for one, has no class of its own.
 */
export function errnoOf(error: unknown): number {
  if (!(error instanceof Error)) return 0;
  const match = /\(os error (\d+)\)/.exec(error.message);
  if (match) return Number(match[1]);
  // Deno.kill() has the errno's name only.
  return error.message.startsWith("EPERM") ? EPERM : 0;
}
