/**
 * The types of `linux` in config.json (runtime spec, config-linux.md), except resources and seccomp, which have their own
 * modules. spec.ts exports them all.
 */
import type { IdMapping, Int64 } from "./spec_common.ts";
import type { Resources } from "./spec_resources.ts";
import type { Seccomp } from "./spec_seccomp.ts";

export interface Linux {
  readonly devices?: readonly Device[];
  /** By the interface's name on the host. */
  readonly netDevices?: Readonly<Record<string, NetDevice>>;
  readonly uidMappings?: readonly IdMapping[];
  readonly gidMappings?: readonly IdMapping[];
  readonly namespaces?: readonly Namespace[];
  readonly resources?: Resources;
  readonly cgroupsPath?: string;
  readonly rootfsPropagation?: RootfsPropagation;
  readonly seccomp?: Seccomp;
  readonly sysctl?: Readonly<Record<string, string>>;
  readonly maskedPaths?: readonly string[];
  readonly readonlyPaths?: readonly string[];
  readonly mountLabel?: string;
  readonly intelRdt?: IntelRdt;
  readonly memoryPolicy?: MemoryPolicy;
  readonly personality?: Personality;
  readonly timeOffsets?: TimeOffsets;
}

/** namespaces(7). */
export const NAMESPACE_TYPES = [
  "mount",
  "pid",
  "network",
  "uts",
  "ipc",
  "user",
  "cgroup",
  "time",
] as const;
export type NamespaceType = (typeof NAMESPACE_TYPES)[number];

export interface Namespace {
  readonly type: NamespaceType;
  /** The namespace to join; absent means a new one. */
  readonly path?: string;
}

/** mknod(1): `u` is the same as `c`; `p` is a FIFO and has no numbers. */
export const DEVICE_TYPES = ["c", "b", "u", "p"] as const;
export type DeviceType = (typeof DEVICE_TYPES)[number];

/** A device node to make in the container. */
export interface Device {
  readonly type: DeviceType;
  /** In the container. */
  readonly path: string;
  readonly major?: number;
  readonly minor?: number;
  /** Engines include the S_IFMT bits: mask with 0o7777 before use. */
  readonly fileMode?: number;
  readonly uid?: number;
  readonly gid?: number;
}

/** A network interface that is moved into the container's network namespace. */
export interface NetDevice {
  /** Its name in the container; absent or empty means the same as on the host. */
  readonly name?: string;
}

/** The spec's four, and the recursive ones that engines write. */
export const ROOTFS_PROPAGATIONS = [
  "private",
  "shared",
  "slave",
  "unbindable",
  "rprivate",
  "rshared",
  "rslave",
  "runbindable",
] as const;
export type RootfsPropagation = (typeof ROOTFS_PROPAGATIONS)[number];

/** resctrl, the kernel's filesystems/resctrl.rst. */
export interface IntelRdt {
  readonly closID?: string;
  readonly schemata?: readonly string[];
  readonly l3CacheSchema?: string;
  readonly memBwSchema?: string;
  readonly enableMonitoring?: boolean;
}

/** set_mempolicy(2). */
export const MEMORY_POLICY_MODES = [
  "MPOL_DEFAULT",
  "MPOL_BIND",
  "MPOL_INTERLEAVE",
  "MPOL_WEIGHTED_INTERLEAVE",
  "MPOL_PREFERRED",
  "MPOL_PREFERRED_MANY",
  "MPOL_LOCAL",
] as const;
export type MemoryPolicyMode = (typeof MEMORY_POLICY_MODES)[number];

export interface MemoryPolicy {
  readonly mode?: MemoryPolicyMode;
  /** A node list such as `0-1,3`. */
  readonly nodes?: string;
  readonly flags?: readonly MemoryPolicyFlag[];
}

/** Flags of the mode. */
export const MEMORY_POLICY_FLAGS = [
  "MPOL_F_NUMA_BALANCING",
  "MPOL_F_RELATIVE_NODES",
  "MPOL_F_STATIC_NODES",
] as const;
export type MemoryPolicyFlag = (typeof MEMORY_POLICY_FLAGS)[number];

export const PERSONALITY_DOMAINS = ["LINUX", "LINUX32"] as const;
export type PersonalityDomain = (typeof PERSONALITY_DOMAINS)[number];

/** personality(2). */
export interface Personality {
  readonly domain?: PersonalityDomain;
  /** The spec does not define any yet. */
  readonly flags?: readonly string[];
}

/** Offsets of a new time namespace, time_namespaces(7). */
export interface TimeOffsets {
  readonly boottime?: TimeOffset;
  readonly monotonic?: TimeOffset;
}

export interface TimeOffset {
  readonly secs?: Int64;
  readonly nanosecs?: number;
}
