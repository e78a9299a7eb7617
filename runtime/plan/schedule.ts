/** `ioPriority`, `scheduler`, `personality` and `memoryPolicy` as operations. */
import { SpecError } from "../common/errors.ts";
import type { IoPriority, MemoryPolicy, Process, Scheduler, Spec } from "../spec/spec.ts";
import type { Op } from "./op.ts";
import { numbersIn, parseRanges } from "../common/ranges.ts";

/** Class numbers of ioprio_set(2). */
const IO_CLASSES: Readonly<Record<IoPriority["class"], number>> = {
  IOPRIO_CLASS_RT: 1,
  IOPRIO_CLASS_BE: 2,
  IOPRIO_CLASS_IDLE: 3,
};
const IO_CLASS_SHIFT = 13;

/** SCHED_* (linux/sched.h). */
const POLICIES: Readonly<Record<Scheduler["policy"], number>> = {
  SCHED_OTHER: 0,
  SCHED_FIFO: 1,
  SCHED_RR: 2,
  SCHED_BATCH: 3,
  SCHED_ISO: 4,
  SCHED_IDLE: 5,
  SCHED_DEADLINE: 6,
};

/** SCHED_FLAG_* (linux/sched.h). */
const SCHEDULER_FLAGS: Readonly<Record<string, bigint>> = {
  SCHED_FLAG_RESET_ON_FORK: 0x01n,
  SCHED_FLAG_RECLAIM: 0x02n,
  SCHED_FLAG_DL_OVERRUN: 0x04n,
  SCHED_FLAG_KEEP_POLICY: 0x08n,
  SCHED_FLAG_KEEP_PARAMS: 0x10n,
  SCHED_FLAG_UTIL_CLAMP_MIN: 0x20n,
  SCHED_FLAG_UTIL_CLAMP_MAX: 0x40n,
};

/** PER_LINUX and PER_LINUX32 (personality(2)). */
const DOMAINS: Readonly<Record<string, number>> = { LINUX: 0, LINUX32: 8 };

/** MPOL_* (linux/mempolicy.h). */
const MEMORY_MODES: Readonly<Record<string, number>> = {
  MPOL_DEFAULT: 0,
  MPOL_PREFERRED: 1,
  MPOL_BIND: 2,
  MPOL_INTERLEAVE: 3,
  MPOL_LOCAL: 4,
  MPOL_PREFERRED_MANY: 5,
  MPOL_WEIGHTED_INTERLEAVE: 6,
};
const MEMORY_FLAGS: Readonly<Record<string, number>> = {
  MPOL_F_NUMA_BALANCING: 1 << 13,
  MPOL_F_RELATIVE_NODES: 1 << 14,
  MPOL_F_STATIC_NODES: 1 << 15,
};

/** The operations, while the process still has root's privileges: all except lowering a priority require CAP_SYS_NICE. */
export function scheduleOps(spec: Spec, process: Process): readonly Op[] {
  const { ioPriority, scheduler } = process;
  const { personality, memoryPolicy } = spec.linux ?? {};
  return [
    ...(ioPriority ? [ioPriorityOp(ioPriority)] : []),
    ...(scheduler ? [schedulerOp(scheduler)] : []),
    ...(personality?.domain ? [personalityOp(personality.domain)] : []),
    ...(memoryPolicy?.mode ? [memoryPolicyOp(memoryPolicy)] : []),
  ];
}

function ioPriorityOp({ class: name, priority = 0 }: IoPriority): Op {
  const value = (IO_CLASSES[name] << IO_CLASS_SHIFT) | priority;
  return { op: "ioPriority", value, from: "process.ioPriority" };
}

function schedulerOp(scheduler: Scheduler): Op {
  const { policy, nice = 0, priority = 0, flags = [], runtime, deadline, period } = scheduler;
  return {
    op: "scheduler",
    policy: POLICIES[policy],
    flags: flags.reduce((sum, flag) => sum | SCHEDULER_FLAGS[flag]!, 0n),
    nice: nice >>> 0,
    priority,
    runtime: BigInt(runtime ?? 0),
    deadline: BigInt(deadline ?? 0),
    period: BigInt(period ?? 0),
    from: "process.scheduler",
  };
}

function personalityOp(domain: string): Op {
  return { op: "personality", persona: DOMAINS[domain]!, from: "linux.personality.domain" };
}

function memoryPolicyOp({ mode, nodes = "", flags = [] }: MemoryPolicy): Op {
  const flagBits = flags.reduce((sum, flag) => sum | MEMORY_FLAGS[flag]!, 0);
  return {
    op: "memoryPolicy",
    mode: MEMORY_MODES[mode!]! | flagBits,
    nodes: nodeMask(nodes),
    from: "linux.memoryPolicy",
  };
}

/** Kernels support at most 1024 nodes and 8192 processors. */
const MAX_NODE = 1023;
const MAX_CPU = 8191;

/**
 * A list of memory nodes such as `0-1,3` as 32-bit words.
 * @throws {SpecError} for anything else.
 */
export function nodeMask(list: string): number[] {
  return maskOf(list, MAX_NODE, "linux.memoryPolicy.nodes", "nodes");
}

/**
 * `execCPUAffinity`, before and after the process joins the container's cgroup; none for an empty list.
 * @throws {SpecError} for an invalid list of processors.
 */
export function affinityOps(
  { execCPUAffinity }: Process,
  moment: "initial" | "final",
): readonly Op[] {
  const list = execCPUAffinity?.[moment];
  if (!list) return [];
  const from = `process.execCPUAffinity.${moment}`;
  return [{ op: "cpuAffinity", cpus: maskOf(list, MAX_CPU, from, "processors"), from }];
}

function maskOf(list: string, highest: number, place: string, what: string): number[] {
  const ranges = parseRanges(list);
  if (!ranges || ranges.some(([, last]) => last > highest)) {
    throw new SpecError(place, `"${list}" is not a list of ${what} such as 0-1,3`);
  }
  const words: number[] = [];
  for (const node of numbersIn(ranges)) {
    words[node >> 5] = ((words[node >> 5] ?? 0) | (1 << (node & 31))) >>> 0;
  }
  return Array.from(words, (word) => word ?? 0);
}
