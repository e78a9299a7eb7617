/** The schema of `linux.seccomp`; the types are spec_seccomp.ts's. */
import { list, object } from "./schema_base.ts";
import { oneOf, string, uint32, uint64 } from "./schema_leaf.ts";
import type { Seccomp, SeccompArg, SeccompSyscall } from "./spec.ts";
import {
  SECCOMP_ACTIONS,
  SECCOMP_ARCHITECTURES,
  SECCOMP_FLAGS,
  SECCOMP_OPERATORS,
} from "./spec_seccomp.ts";

const action = oneOf(SECCOMP_ACTIONS);

const arg = object<SeccompArg>({
  index: uint32,
  value: uint64,
  op: oneOf(SECCOMP_OPERATORS),
}, { valueTwo: uint64 });

const syscall = object<SeccompSyscall>({ names: list(string, 1), action }, {
  errnoRet: uint32,
  args: list(arg),
});

export const seccompSchema = object<Seccomp>({ defaultAction: action }, {
  defaultErrnoRet: uint32,
  architectures: list(oneOf(SECCOMP_ARCHITECTURES)),
  flags: list(oneOf(SECCOMP_FLAGS)),
  listenerPath: string,
  listenerMetadata: string,
  syscalls: list(syscall),
});
