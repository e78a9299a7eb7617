/** All that a plan is computed from; the compile modules read nothing else. */
import type { Spec } from "../spec/spec.ts";
import type { Op } from "./op.ts";

/** What the host is like, read once by the builder. */
export interface HostFacts {
  /** Effective uid of the builder. */
  readonly uid: number;
  readonly gid: number;
  /** The caller's soft limits where the runtime's own may be others, by their numbers in setrlimit(2). */
  readonly softLimits?: readonly { readonly resource: number; readonly soft: bigint }[];
  /** What hooks inherit that name no environment, `NAME=value` each. */
  readonly env: readonly string[];
  /** LD_LIBRARY_PATH, with which the VMM finds libraries. */
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

/** How Init ends: as the user's process, or as the VMM of a microVM. */
export type Ending =
  | { readonly kind: "process" }
  | {
    readonly kind: "vmm";
    /** The executor's own. */
    readonly settings: Readonly<Record<string, unknown>>;
    /** What is done on the host's files, by the Intermediate, before any namespace is entered. */
    readonly early?: readonly Op[];
    /** What the VMM does first, while the host's files are in sight. */
    readonly opening: readonly Op[];
    /** What it does at last, once `start` has come. */
    readonly closing: readonly Op[];
    /** Does an agent run the process in the guest? */
    readonly hasAgent?: boolean;
    /** The most that it keeps of the container's capabilities: a mask. */
    readonly capabilities: bigint;
    /** Keeps the caller's groups, without which it could not open what it needs of the host. */
    readonly keepGroups?: boolean;
  };

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
  readonly ending: Ending;
  /** Writes by which the Intermediate joins its resctrl groups. */
  readonly resctrlJoinOps?: readonly Op[];
  /** The host's folder of the socket by which a guest agent is reached; absent without an agent. */
  readonly runFolder?: string;
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
