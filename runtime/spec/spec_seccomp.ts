/** The types of `linux.seccomp` in config.json. spec.ts exports them all. */
import type { Uint64 } from "./spec_common.ts";

export interface Seccomp {
  readonly defaultAction: SeccompAction;
  /** With SCMP_ACT_ERRNO and SCMP_ACT_TRACE; absent means EPERM. */
  readonly defaultErrnoRet?: number;
  readonly architectures?: readonly SeccompArch[];
  readonly flags?: readonly SeccompFlag[];
  /** A unix socket that gets the notify descriptor; only with SCMP_ACT_NOTIFY. */
  readonly listenerPath?: string;
  readonly listenerMetadata?: string;
  readonly syscalls?: readonly SeccompSyscall[];
}

export interface SeccompSyscall {
  /** At least one. */
  readonly names: readonly string[];
  readonly action: SeccompAction;
  readonly errnoRet?: number;
  /** All must hold. */
  readonly args?: readonly SeccompArg[];
}

export interface SeccompArg {
  /** 0 to 5. */
  readonly index: number;
  readonly value: Uint64;
  readonly valueTwo?: Uint64;
  readonly op: SeccompOperator;
}

/** seccomp_rule_add(3); SCMP_ACT_KILL is the old name of SCMP_ACT_KILL_THREAD. */
export const SECCOMP_ACTIONS = [
  "SCMP_ACT_KILL",
  "SCMP_ACT_KILL_PROCESS",
  "SCMP_ACT_KILL_THREAD",
  "SCMP_ACT_TRAP",
  "SCMP_ACT_ERRNO",
  "SCMP_ACT_TRACE",
  "SCMP_ACT_ALLOW",
  "SCMP_ACT_LOG",
  "SCMP_ACT_NOTIFY",
] as const;
export type SeccompAction = (typeof SECCOMP_ACTIONS)[number];

/** seccomp(2), SECCOMP_SET_MODE_FILTER. */
export const SECCOMP_FLAGS = [
  "SECCOMP_FILTER_FLAG_TSYNC",
  "SECCOMP_FILTER_FLAG_LOG",
  "SECCOMP_FILTER_FLAG_SPEC_ALLOW",
  "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV",
] as const;
export type SeccompFlag = (typeof SECCOMP_FLAGS)[number];

/** Comparisons of an argument with `value`; the last one masks the argument with `value` and compares with `valueTwo`. */
export const SECCOMP_OPERATORS = [
  "SCMP_CMP_NE",
  "SCMP_CMP_LT",
  "SCMP_CMP_LE",
  "SCMP_CMP_EQ",
  "SCMP_CMP_GE",
  "SCMP_CMP_GT",
  "SCMP_CMP_MASKED_EQ",
] as const;
export type SeccompOperator = (typeof SECCOMP_OPERATORS)[number];

/** seccomp_arch_add(3). */
export const SECCOMP_ARCHITECTURES = [
  "SCMP_ARCH_X86",
  "SCMP_ARCH_X86_64",
  "SCMP_ARCH_X32",
  "SCMP_ARCH_ARM",
  "SCMP_ARCH_AARCH64",
  "SCMP_ARCH_LOONGARCH64",
  "SCMP_ARCH_M68K",
  "SCMP_ARCH_MIPS",
  "SCMP_ARCH_MIPS64",
  "SCMP_ARCH_MIPS64N32",
  "SCMP_ARCH_MIPSEL",
  "SCMP_ARCH_MIPSEL64",
  "SCMP_ARCH_MIPSEL64N32",
  "SCMP_ARCH_PPC",
  "SCMP_ARCH_PPC64",
  "SCMP_ARCH_PPC64LE",
  "SCMP_ARCH_S390",
  "SCMP_ARCH_S390X",
  "SCMP_ARCH_SH",
  "SCMP_ARCH_SHEB",
  "SCMP_ARCH_PARISC",
  "SCMP_ARCH_PARISC64",
  "SCMP_ARCH_RISCV64",
] as const;
export type SeccompArch = (typeof SECCOMP_ARCHITECTURES)[number];
