/** The input of the compile modules; they read nothing else. */
import type { Process, Spec } from "../spec/spec.ts";
import type { Op, Plan } from "./op.ts";

/** A limit by its number in setrlimit(2); RLIM_INFINITY is 2^64 - 1. */
export interface Limit {
  readonly resource: number;
  readonly soft: bigint;
  readonly hard: bigint;
}

/** Facts about the host, read once by the builder. */
export interface HostFacts {
  /** Effective uid of the builder. */
  readonly uid: number;
  readonly gid: number;
  /** The caller's soft limits that the runtime may have changed for itself; `resource` is the number in setrlimit(2). */
  readonly softLimits?: readonly { readonly resource: number; readonly soft: bigint }[];
  /** All of the caller's limits, for a process that does not inherit them. */
  readonly limits?: readonly Limit[];
  /** The environment of hooks that have no `env`, as `NAME=value`. */
  readonly env: readonly string[];
  /** The caller's LD_LIBRARY_PATH. */
  readonly libraryPath?: string;
}

/** One cgroup hierarchy, as the container sees it. */
export interface CgroupHierarchy {
  /** The folder's name below /sys/fs/cgroup: `cpu,cpuacct`, `systemd`; empty for v2. */
  readonly name: string;
  /** The mount option: `cpu,cpuacct`, `name=systemd`. */
  readonly data: string;
  /** The container's own folder on the host. */
  readonly path: string;
}

export interface CgroupFacts {
  readonly version: 1 | 2;
  readonly hierarchies: readonly CgroupHierarchy[];
  /** Writes by which the Intermediate joins. */
  readonly joinOps: readonly Op[];
}

/** The operations for `mounts`. */
export interface MountPlan {
  readonly ops: readonly Op[];
  /** For the Intermediate, before it enters a new user namespace: opens sources that cannot be reached from there. */
  readonly early: readonly Op[];
  /** The last operations: make folders read-only in which other operations create nodes and mount points. */
  readonly finish: readonly Op[];
}

/**
 * A program of an executor that Init executes in place of the container's process, and that runs that process itself. It
 * executes the rest of the plan, starting before the root changes, while the host's libraries are reachable.
 */
export interface Runner {
  /** Operations on the host's files, by the Intermediate, before any namespace is entered. */
  readonly early: readonly Op[];
  /** Do the limits apply to the process only, and not to Init and the program? */
  readonly isUnlimited: boolean;
  /** `mounts` for the program, on a root in a mount namespace of its own. */
  mounts(input: CompileInput): MountPlan;
  /** Init's last operation, which executes the program. */
  execute(host: HostFacts): Op;
  /**
   * The stages that the program executes or passes on.
   * @param enter the operations that enter the root, and those that precede them there.
   */
  stages(input: CompileInput, process: Process, enter: readonly Op[]): Pick<Plan, "vmm" | "guest">;
}

/** A compiled seccomp filter. */
export interface SeccompFilter {
  /** struct sock_filter[] (seccomp(2)). */
  readonly filter: Uint8Array<ArrayBuffer>;
  /** SECCOMP_FILTER_FLAG_*. */
  readonly flags: number;
  /** Does a process outside, a seccomp agent, decide about some system calls? */
  readonly listener: boolean;
}

/** The input from which `create` and `exec` compile a process. */
export interface ProcessInput {
  readonly id: string;
  /** As the executor's preExec returned it. */
  readonly spec: Spec;
  /** Absolute path. */
  readonly rootfs: string;
  readonly host: HostFacts;
  /** Writes by which the Intermediate joins its resctrl groups. */
  readonly resctrlJoinOps?: readonly Op[];
  /** Absent when the container has no filter. */
  readonly seccomp?: SeccompFilter;
  readonly preserveFds: number;
  readonly noNewKeyring: boolean;
}

export interface CompileInput extends ProcessInput {
  /** Absolute path. */
  readonly bundle: string;
  /** Absent when the container has no cgroup. */
  readonly cgroup?: CgroupFacts;
  /** Absent when Init itself becomes the container's process. */
  readonly runner?: Runner;
  readonly noPivot: boolean;
}

/** The spec's namespace of this type, new or joined, if any. */
export function namespaceOf(spec: Spec, type: string): { path?: string } | undefined {
  return spec.linux?.namespaces?.find((namespace) => namespace.type === type);
}

/** Does the spec request a new namespace of this type? */
export function isNewNamespace(spec: Spec, type: string): boolean {
  const namespace = namespaceOf(spec, type);
  return namespace !== undefined && !namespace.path;
}
