/** Checks of `linux.seccomp` (runtime spec, config-linux.md, "Seccomp"). libseccomp compiles the filter. */
import { SpecError } from "../../common/errors.ts";
import type { Seccomp, SeccompAction } from "../spec.ts";
import { type ChecksOf, requireRange } from "./check.ts";

/** The schema requires `defaultAction`, so its checks always run. */
export const SECCOMP_CHECKS: ChecksOf<Seccomp> = {
  defaultAction: [errnoGoesWithItsAction, notifyIsUsable],
  syscalls: [argIndexesAreInRange],
  listenerMetadata: [listenerMetadataNeedsPath],
};

const PLACE = "linux.seccomp";

/** The spec: the runtime MUST fail when the action does not use an errno. */
function errnoGoesWithItsAction({ defaultAction, defaultErrnoRet, syscalls = [] }: Seccomp): void {
  if (defaultErrnoRet !== undefined) {
    requireErrno(`${PLACE}.defaultErrnoRet`, defaultAction, defaultErrnoRet);
  }
  for (let index = 0; index < syscalls.length; index++) {
    const { action, errnoRet } = syscalls[index]!;
    if (errnoRet === undefined) continue;
    requireErrno(`${PLACE}.syscalls[${index}].errnoRet`, action, errnoRet);
  }
}

function requireErrno(jsonPath: string, action: SeccompAction, errno: number): void {
  // The kernel limits an errno to MAX_ERRNO; a tracer gets 16 bits (seccomp(2)).
  if (action === "SCMP_ACT_ERRNO") return requireRange(jsonPath, errno, 0, 4095);
  if (action === "SCMP_ACT_TRACE") return requireRange(jsonPath, errno, 0, 0xffff);
  throw new SpecError(
    jsonPath,
    `cannot be combined with ${action}, only with SCMP_ACT_ERRNO and SCMP_ACT_TRACE`,
  );
}

/** A system call has six arguments. */
function argIndexesAreInRange({ syscalls = [] }: Seccomp): void {
  for (let number = 0; number < syscalls.length; number++) {
    const { args = [] } = syscalls[number]!;
    for (let position = 0; position < args.length; position++) {
      const { index } = args[position]!;
      if (index <= 5) continue;
      requireRange(`${PLACE}.syscalls[${number}].args[${position}].index`, index, 0, 5);
    }
  }
}

/** The runtime itself could not write the listener's descriptor to the agent, or would wait for its own answer. */
function notifyIsUsable({ defaultAction, listenerPath, syscalls = [] }: Seccomp): void {
  if (defaultAction === "SCMP_ACT_NOTIFY") {
    throw new SpecError(
      `${PLACE}.defaultAction`,
      "cannot be SCMP_ACT_NOTIFY: the runtime's own system calls would wait for an answer",
    );
  }
  for (let index = 0; index < syscalls.length; index++) {
    const { action, names } = syscalls[index]!;
    if (action !== "SCMP_ACT_NOTIFY") continue;
    if (names.includes("write")) {
      throw new SpecError(
        `${PLACE}.syscalls[${index}].names`,
        "cannot have write with SCMP_ACT_NOTIFY: the runtime needs it before an agent listens",
      );
    }
    if (!listenerPath) {
      throw new SpecError(`${PLACE}.listenerPath`, "is required for SCMP_ACT_NOTIFY");
    }
  }
}

function listenerMetadataNeedsPath({ listenerMetadata, listenerPath }: Seccomp): void {
  if (!listenerMetadata || listenerPath) return;
  throw new SpecError(`${PLACE}.listenerMetadata`, "needs listenerPath");
}
