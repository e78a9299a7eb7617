/**
 * Errors that only cgroups have. Main treats the classes as their bases; callers that can continue without a cgroup, and
 * tests, distinguish them.
 */
import { errnoOf, HostError, SyscallError } from "../common/errors.ts";

/**
 * This process may not create cgroups here, or there are none. A rootless caller whose spec has no limits can continue
 * without one.
 */
export class CgroupAccessError extends HostError {
  override name = "CgroupAccessError";
}

/** The kernel refused a value; `from` is the place in config.json that it comes from. */
export class CgroupWriteError extends SyscallError {
  override name = "CgroupWriteError";
  constructor(
    readonly from: string,
    /** Absolute path. */
    readonly file: string,
    readonly value: string,
    cause: unknown,
    /** The reason, if the errno does not explain it. */
    reason?: string,
  ) {
    super(`${from}: write "${value}" to ${file}`, errnoOf(cause), "main", { cause });
    if (reason) this.message += ` (${reason})`;
  }
}

/** A SyscallError for an error of one of Deno's functions. */
export function syscallError(operation: string, cause: unknown): SyscallError {
  return new SyscallError(operation, errnoOf(cause), "main", { cause });
}
