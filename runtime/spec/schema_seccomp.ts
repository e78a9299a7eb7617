/** The schema of `linux.seccomp`; the types are spec_seccomp.ts's. */
import {
  list,
  object,
  once,
  oneOf,
  optional,
  present,
  type Schema,
  string,
  strings,
  uint32,
  uint64,
} from "./schema_base.ts";
import type { Seccomp, SeccompArg, SeccompSyscall } from "./spec.ts";
import {
  SECCOMP_ACTIONS,
  SECCOMP_ARCHITECTURES,
  SECCOMP_FLAGS,
  SECCOMP_OPERATORS,
} from "./spec_seccomp.ts";

export function seccompSchema(value: unknown): Schema<Seccomp> {
  return present<Seccomp>(value, {
    defaultAction: action,
    defaultErrnoRet: uint32,
    architectures: () => list(oneOf(SECCOMP_ARCHITECTURES)),
    flags: () => list(oneOf(SECCOMP_FLAGS)),
    listenerPath: string,
    listenerMetadata: string,
    syscalls: () => list(syscall()),
  }, { defaultAction: true });
}

const action = once(() => oneOf(SECCOMP_ACTIONS));

function syscall(): Schema<SeccompSyscall> {
  return object<SeccompSyscall>({
    names: strings(),
    action: action(),
    errnoRet: optional(uint32()),
    args: optional(list(arg())),
  });
}

function arg(): Schema<SeccompArg> {
  return object<SeccompArg>({
    index: uint32(),
    value: uint64(),
    valueTwo: optional(uint64()),
    op: oneOf(SECCOMP_OPERATORS),
  });
}
