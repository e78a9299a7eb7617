/**
 * The names in config.json's `linux.seccomp` with their numbers in seccomp.h and linux/seccomp.h, and the errors for
 * unknown names. The names are the spec's (runtime/spec/spec_seccomp.ts); the types make the tables match them.
 */
import { resolveArchitecture } from "../../ffi/libseccomp.ts";
import { SpecError } from "../common/errors.ts";
import type { SeccompAction, SeccompArch, SeccompFlag, SeccompOperator } from "../spec/spec.ts";
import { EPERM } from "../common/errno.ts";

/** SCMP_ACT_*; ERRNO and TRACE carry a number in the low 16 bits. */
export const ACTIONS: Readonly<Record<SeccompAction, number>> = {
  SCMP_ACT_KILL: 0x00000000,
  SCMP_ACT_KILL_PROCESS: 0x80000000,
  SCMP_ACT_KILL_THREAD: 0x00000000,
  SCMP_ACT_TRAP: 0x00030000,
  SCMP_ACT_ERRNO: 0x00050000,
  SCMP_ACT_TRACE: 0x7ff00000,
  SCMP_ACT_ALLOW: 0x7fff0000,
  SCMP_ACT_LOG: 0x7ffc0000,
  SCMP_ACT_NOTIFY: 0x7fc00000,
};

/** enum scmp_compare. */
export const OPERATORS: Readonly<Record<SeccompOperator, number>> = {
  SCMP_CMP_NE: 1,
  SCMP_CMP_LT: 2,
  SCMP_CMP_LE: 3,
  SCMP_CMP_EQ: 4,
  SCMP_CMP_GE: 5,
  SCMP_CMP_GT: 6,
  SCMP_CMP_MASKED_EQ: 7,
};

/** SECCOMP_FILTER_FLAG_*, those that a profile may name. */
export const FLAGS: Readonly<Record<SeccompFlag, number>> = {
  SECCOMP_FILTER_FLAG_TSYNC: 1 << 0,
  SECCOMP_FILTER_FLAG_LOG: 1 << 1,
  SECCOMP_FILTER_FLAG_SPEC_ALLOW: 1 << 2,
  SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV: 1 << 5,
};

/**
 * An action with its errno, by default EPERM (runtime spec, "Seccomp").
 * @param errnoRet for SCMP_ACT_ERRNO and SCMP_ACT_TRACE; the checks of the spec have refused it for the others.
 * @throws {SpecError} for an unknown name.
 */
export function actionNumber(
  action: SeccompAction,
  errnoRet: number | undefined,
  jsonPath: string,
): number {
  const number = lookUp(ACTIONS, action, jsonPath, "action");
  const takesErrno = action === "SCMP_ACT_ERRNO" || action === "SCMP_ACT_TRACE";
  // Truncated as in seccomp.h's macros: no errno may turn it into another action.
  return takesErrno ? number | ((errnoRet ?? EPERM) & 0xffff) : number;
}

/** @throws {SpecError} for an unknown name. */
export function operatorNumber(op: SeccompOperator, jsonPath: string): number {
  return lookUp(OPERATORS, op, jsonPath, "operator");
}

/** @throws {SpecError} for an unknown name. */
export function flagNumber(flag: SeccompFlag, jsonPath: string): number {
  return lookUp(FLAGS, flag, jsonPath, "flag");
}

function lookUp<K extends string>(
  table: Readonly<Record<K, number>>,
  name: K,
  jsonPath: string,
  kind: string,
): number {
  // Own properties only: `constructor` is not an action.
  if (Object.hasOwn(table, name)) return table[name];
  throw new SpecError(
    jsonPath,
    `${JSON.stringify(name)} is not a seccomp ${kind}, must be one of ${
      Object.keys(table).join(", ")
    }`,
  );
}

const ARCH_PREFIX = "SCMP_ARCH_";

/**
 * The token of an architecture. libseccomp's own names are the spec's in lower case.
 * @throws {SpecError} for a name that the installed libseccomp does not know: a filter without that architecture would
 * silently kill its programs.
 */
export function architectureToken(name: SeccompArch, jsonPath: string): number {
  const token = name.startsWith(ARCH_PREFIX)
    ? resolveArchitecture(name.slice(ARCH_PREFIX.length).toLowerCase())
    : undefined;
  if (token !== undefined) return token;
  throw new SpecError(
    jsonPath,
    `the installed libseccomp does not know the architecture ${JSON.stringify(name)}`,
  );
}
