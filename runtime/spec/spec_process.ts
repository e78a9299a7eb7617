/**
 * The types of `process` in config.json (runtime spec, config.md, "Process"), also the format of `exec --process FILE`.
 * spec.ts exports them all.
 */
import type { Uint64 } from "./spec_common.ts";

/** The container's process, also the format of `exec --process FILE`. */
export interface Process {
  readonly terminal?: boolean;
  /** In characters; used only with `terminal`. */
  readonly consoleSize?: ConsoleSize;
  readonly cwd: string;
  /** `NAME=value` each. */
  readonly env?: readonly string[];
  readonly args?: readonly string[];
  /** Absent means uid 0 and gid 0. */
  readonly user?: User;
  readonly rlimits?: readonly Rlimit[];
  readonly capabilities?: Capabilities;
  readonly noNewPrivileges?: boolean;
  readonly apparmorProfile?: string;
  readonly selinuxLabel?: string;
  /** -1000 to 1000, proc_pid_oom_score_adj(5). */
  readonly oomScoreAdj?: number;
  readonly scheduler?: Scheduler;
  readonly ioPriority?: IoPriority;
  /** For processes that `exec` starts, not for the container's first. */
  readonly execCPUAffinity?: ExecCpuAffinity;
}

export interface ConsoleSize {
  readonly height: number;
  readonly width: number;
}

export interface User {
  /** Absent means 0, as in the other runtimes. */
  readonly uid?: number;
  readonly gid?: number;
  /** Absent means that the umask is not changed. */
  readonly umask?: number;
  readonly additionalGids?: readonly number[];
  /** For other platforms; ignored. */
  readonly username?: string;
}

/** Resource limits, getrlimit(2); `type` is `RLIMIT_NOFILE` and the like. */
export interface Rlimit {
  readonly type: string;
  readonly soft: Uint64;
  readonly hard: Uint64;
}

/** Names as in capabilities(7), `CAP_CHOWN` and the like; an absent set is empty. */
export interface Capabilities {
  readonly bounding?: readonly string[];
  readonly effective?: readonly string[];
  readonly inheritable?: readonly string[];
  readonly permitted?: readonly string[];
  readonly ambient?: readonly string[];
}

/** sched(7). */
export const SCHEDULER_POLICIES = [
  "SCHED_OTHER",
  "SCHED_FIFO",
  "SCHED_RR",
  "SCHED_BATCH",
  "SCHED_ISO",
  "SCHED_IDLE",
  "SCHED_DEADLINE",
] as const;
export type SchedulerPolicy = (typeof SCHEDULER_POLICIES)[number];

/** sched_setattr(2); times in nanoseconds. */
export interface Scheduler {
  readonly policy: SchedulerPolicy;
  readonly nice?: number;
  readonly priority?: number;
  readonly flags?: readonly SchedulerFlag[];
  readonly runtime?: Uint64;
  readonly deadline?: Uint64;
  readonly period?: Uint64;
}

/** sched_setattr(2) and linux/sched.h. */
export const SCHEDULER_FLAGS = [
  "SCHED_FLAG_RESET_ON_FORK",
  "SCHED_FLAG_RECLAIM",
  "SCHED_FLAG_DL_OVERRUN",
  "SCHED_FLAG_KEEP_POLICY",
  "SCHED_FLAG_KEEP_PARAMS",
  "SCHED_FLAG_UTIL_CLAMP_MIN",
  "SCHED_FLAG_UTIL_CLAMP_MAX",
] as const;
export type SchedulerFlag = (typeof SCHEDULER_FLAGS)[number];

/** ioprio_set(2). */
export const IO_PRIORITY_CLASSES = [
  "IOPRIO_CLASS_RT",
  "IOPRIO_CLASS_BE",
  "IOPRIO_CLASS_IDLE",
] as const;
export type IoPriorityClass = (typeof IO_PRIORITY_CLASSES)[number];

export interface IoPriority {
  readonly class: IoPriorityClass;
  /** 0 (highest) to 7; absent means 0. */
  readonly priority?: number;
}

/** CPU lists such as `0-3,7`. */
export interface ExecCpuAffinity {
  /** Before the process joins the container's cgroup. */
  readonly initial?: string;
  /** After it. */
  readonly final?: string;
}
