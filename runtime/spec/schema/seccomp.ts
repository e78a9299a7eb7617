/** The schema of `linux.seccomp`; spec_seccomp.ts has the types. */
import { string, uint32, uint64 } from "./leaf.ts";
import type { Rule } from "./rule.ts";
import type { Seccomp, SeccompAction, SeccompArg, SeccompSyscall } from "../spec.ts";
import {
  SECCOMP_ACTIONS,
  SECCOMP_ARCHITECTURES,
  SECCOMP_FLAGS,
  SECCOMP_OPERATORS,
} from "../spec_seccomp.ts";

export const seccompRule = (): Rule<Seccomp> => {
  const action: Rule<SeccompAction> = { kind: "oneOf", words: SECCOMP_ACTIONS };
  const arg: Rule<SeccompArg> = {
    kind: "object",
    required: { index: uint32, value: uint64, op: { kind: "oneOf", words: SECCOMP_OPERATORS } },
    optional: { valueTwo: uint64 },
  };
  const syscall: Rule<SeccompSyscall> = {
    kind: "object",
    required: { names: { kind: "list", item: string, minimum: 1 }, action },
    optional: { errnoRet: uint32, args: { kind: "list", item: arg } },
  };
  return {
    kind: "object",
    required: { defaultAction: action },
    optional: {
      defaultErrnoRet: uint32,
      architectures: { kind: "list", item: { kind: "oneOf", words: SECCOMP_ARCHITECTURES } },
      flags: { kind: "list", item: { kind: "oneOf", words: SECCOMP_FLAGS } },
      listenerPath: string,
      listenerMetadata: string,
      syscalls: { kind: "list", item: syscall },
    },
  };
};
