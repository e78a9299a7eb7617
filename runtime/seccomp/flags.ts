/** The flags for seccomp(2). */
import type { Seccomp } from "../spec/spec.ts";
import { flagNumber, FLAGS } from "./names.ts";

/** Flags that a profile cannot name. */
const SECCOMP_FILTER_FLAG_NEW_LISTENER = 1 << 3;
const SECCOMP_FILTER_FLAG_TSYNC_ESRCH = 1 << 4;

export interface FilterFlags {
  /** SECCOMP_FILTER_FLAG_* for seccomp(2). */
  readonly flags: number;
  /** seccomp(2) returns a descriptor, which must be sent to `listenerPath`. */
  readonly listener: boolean;
}

/**
 * The flags of a profile. Without `flags` it is SPEC_ALLOW alone, as in runc and crun: the filter then does not disable
 * speculative store bypass, which kernels since 5.16 leave to the program anyway. An empty list means none.
 * @throws {SpecError} for an unknown name.
 */
export function filterFlags(seccomp: Seccomp): FilterFlags {
  const listener = hasNotify(seccomp);
  let flags = namedFlags(seccomp);
  if (listener) {
    flags |= SECCOMP_FILTER_FLAG_NEW_LISTENER;
    // The kernel requires it with both: otherwise a result could be a descriptor or a thread's id (seccomp(2)).
    if (flags & FLAGS.SECCOMP_FILTER_FLAG_TSYNC) flags |= SECCOMP_FILTER_FLAG_TSYNC_ESRCH;
  } else {
    // It changes how notifications are awaited, and the kernel refuses it without a listener.
    flags &= ~FLAGS.SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV;
  }
  return { flags, listener };
}

function namedFlags({ flags }: Seccomp): number {
  if (!flags) return FLAGS.SECCOMP_FILTER_FLAG_SPEC_ALLOW;
  return flags.reduce(
    (sum, flag, index) => sum | flagNumber(flag, `linux.seccomp.flags[${index}]`),
    0,
  );
}

/** Whether a rule notifies an agent. */
export function hasNotify({ syscalls }: Seccomp): boolean {
  return syscalls?.some(({ action }) => action === "SCMP_ACT_NOTIFY") ?? false;
}
