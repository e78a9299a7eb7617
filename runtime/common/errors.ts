/**
 * The error classes of kago. A message is one sentence without a full stop that says what, where and what to do; `cause` is
 * the underlying error. Context is added once per layer, and only main.ts prints.
 */

import { describeErrno } from "./errno.ts";

export { describeErrno, errnoOf, withReason } from "./errno.ts";

/** config.json (or another JSON input) breaks the OCI runtime spec. `jsonPath` has the form `process.args[0]`. */
export class SpecError extends Error {
  override name = "SpecError";
  constructor(readonly jsonPath: string, problem: string, options?: ErrorOptions) {
    super(jsonPath ? `${jsonPath}: ${problem}` : problem, options);
  }
}

/** An operation was requested for a container in the wrong state (runtime spec, "Lifecycle"). */
export class StateError extends Error {
  override name = "StateError";
  constructor(
    readonly id: string,
    readonly operation: string,
    readonly actual: string,
    readonly allowed: readonly string[],
  ) {
    // containerd's shim and CRI-O recognise a kill or update that came too late by this text.
    const words = actual === "stopped" ? " (container not running)" : "";
    const wanted = allowed.join(" or ");
    super(`cannot ${operation} container ${id}: it is ${actual}, not ${wanted}${words}`);
  }
}

/** A system call failed. `stage` is the process in which it failed; `operation` names the call with its arguments. */
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

/**
 * Calls `action` for a field of config.json or an option.
 * @throws {SpecError} naming it, in place of a {SyscallError}.
 */
export function forPlace<T>(place: string, action: () => T): T {
  try {
    return action();
  } catch (cause) {
    throw cause instanceof SyscallError ? new SpecError(place, cause.message, { cause }) : cause;
  }
}

/** The host lacks something that the request needs; `remedy` says what the user can do. */
export class HostError extends Error {
  override name = "HostError";
  constructor(readonly problem: string, readonly remedy: string, options?: ErrorOptions) {
    super(`${problem}; ${remedy}`, options);
  }
}

/** The command line is wrong. */
export class UsageError extends Error {
  override name = "UsageError";
}

/** An unknown command or option. */
export class UnknownNameError extends UsageError {
  /**
   * @param kind the kind of name that was expected
   * @param given as the user wrote it
   * @param known the valid names, in the same form
   * @param scope where it was given, ` for create`
   * @param see the command that lists all
   */
  constructor(
    readonly kind: "command" | "option",
    readonly given: string,
    readonly known: readonly string[],
    readonly scope: string,
    readonly see: string,
  ) {
    super(`unknown ${kind} ${given}${scope}; see ${see}`);
  }
}

/** No container with this id exists below the state root. */
export class NotFoundError extends Error {
  override name = "NotFoundError";
  constructor(readonly id: string, root: string) {
    super(`container ${id} does not exist below ${root}`);
  }
}
