/** All that a plan is computed from; the compile modules read nothing else. */
import type { Process, Spec } from "../spec/spec.ts";
import type { Op, Plan } from "./op.ts";

/** A limit by its number in setrlimit(2); RLIM_INFINITY is 2^64 - 1. */
export interface Limit {
  readonly resource: number;
  readonly soft: bigint;
  readonly hard: bigint;
}

/** What the host is like, read once by the builder. */
export interface HostFacts {
  /** Effective uid of the builder. */
  readonly uid: number;
  readonly gid: number;
  /** The caller's soft limits where the runtime's own may be others, by their numbers in setrlimit(2). */
  readonly softLimits?: readonly { readonly resource: number; readonly soft: bigint }[];
  /** All of the caller's limits, for a process that does not inherit them. */
  readonly limits?: readonly Limit[];
  /** What hooks inherit that name no environment, `NAME=value` each. */
  readonly env: readonly string[];
  /** The caller's LD_LIBRARY_PATH. */
  readonly libraryPath?: string;
}

/** One cgroup hierarchy as the container will see it. */
export interface CgroupHierarchy {
  /** The folder's name below /sys/fs/cgroup: `cpu,cpuacct`, `systemd`; empty for v2. */
  readonly name: string;
  /** The option for mounting it: `cpu,cpuacct`, `name=systemd`. */
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

/** What `mounts` become. */
export interface MountPlan {
  readonly ops: readonly Op[];
  /** For the Intermediate, before it enters a new user namespace: sources that cannot be reached from there. */
  readonly early: readonly Op[];
  /** Read-only at last: folders in which later operations still make nodes and mount points. */
  readonly finish: readonly Op[];
}

/**
 * A program of an executor's that Init becomes in place of the container's process, to run that one itself. It carries
 * out the rest of the plan from before the root changes, with the host's libraries in sight.
 */
export interface Runner {
  /** What is done on the host's files, by the Intermediate, before any namespace is entered. */
  readonly early: readonly Op[];
  /** Are the limits the process's alone, so that Init and the program go without? */
  readonly isUnlimited: boolean;
  /** `mounts` as the program is to have them, on a root in a mount namespace of its own. */
  mounts(input: CompileInput): MountPlan;
  /** Init's last operation, which executes the program. */
  execute(host: HostFacts): Op;
  /**
   * The stages that the program carries out, and hands on.
   * @param enter the way into the root, and what is done there first.
   */
  stages(input: CompileInput, process: Process, enter: readonly Op[]): Pick<Plan, "vmm" | "guest">;
}

/** A compiled seccomp filter. */
export interface SeccompFilter {
  /** struct sock_filter[] (seccomp(2)). */
  readonly filter: Uint8Array<ArrayBuffer>;
  /** SECCOMP_FILTER_FLAG_*. */
  readonly flags: number;
  /** Does a process outside decide about some of the calls? */
  readonly listener: boolean;
}

/** What `create` and `exec` compile a process from. */
export interface ProcessInput {
  readonly id: string;
  /** As the executor's preExec left it. */
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
  /** Absent when Init becomes the container's process. */
  readonly runner?: Runner;
  readonly noPivot: boolean;
}

/** Does the spec ask for a namespace of this type, new or joined? */
export function namespaceOf(spec: Spec, type: string): { path?: string } | undefined {
  return spec.linux?.namespaces?.find((namespace) => namespace.type === type);
}

/** Is a new namespace of this type made? */
export function isNewNamespace(spec: Spec, type: string): boolean {
  const namespace = namespaceOf(spec, type);
  return namespace !== undefined && !namespace.path;
}
