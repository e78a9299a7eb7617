/**
 * The types of `linux.resources` in config.json, also the input of `update --resources`. spec.ts exports them all.
 */
import type { Int64, Uint64 } from "./spec_common.ts";

export interface Resources {
  readonly devices?: readonly DeviceCgroup[];
  readonly memory?: MemoryResources;
  readonly cpu?: CpuResources;
  readonly pids?: PidsResources;
  readonly blockIO?: BlockIoResources;
  readonly hugepageLimits?: readonly HugepageLimit[];
  readonly network?: NetworkResources;
  /** By the RDMA device's name. */
  readonly rdma?: Readonly<Record<string, RdmaLimit>>;
  /** cgroup v2 files by name, written unchanged. */
  readonly unified?: Readonly<Record<string, string>>;
}

/** A rule of the device allow list; a later rule overrides an earlier one. */
export interface DeviceCgroup {
  readonly allow: boolean;
  /** `a` (also when absent or empty), `c` or `b`. */
  readonly type?: string;
  /** Absent or -1 means all. */
  readonly major?: number;
  readonly minor?: number;
  /** Of the letters r, w and m; absent means all three. */
  readonly access?: string;
}

/** Bytes; -1 means unlimited. */
export interface MemoryResources {
  readonly limit?: Int64;
  readonly reservation?: Int64;
  /** Memory and swap together, as in cgroup v1. */
  readonly swap?: Int64;
  readonly kernel?: Int64;
  readonly kernelTCP?: Int64;
  /** 0 to 100. */
  readonly swappiness?: Uint64;
  readonly disableOOMKiller?: boolean;
  readonly useHierarchy?: boolean;
  /** `update` refuses a limit below the present usage. */
  readonly checkBeforeUpdate?: boolean;
}

/** Times in microseconds. */
export interface CpuResources {
  readonly shares?: Uint64;
  readonly quota?: Int64;
  readonly burst?: Uint64;
  readonly period?: Uint64;
  readonly realtimeRuntime?: Int64;
  readonly realtimePeriod?: Uint64;
  /** A list such as `0-3,7`. */
  readonly cpus?: string;
  readonly mems?: string;
  /** 1 for SCHED_IDLE weight, 0 for the default. */
  readonly idle?: Int64;
}

export interface PidsResources {
  /** Negative means unlimited. */
  readonly limit?: Int64;
}

export interface BlockIoResources {
  /** 10 to 1000. */
  readonly weight?: number;
  readonly leafWeight?: number;
  readonly weightDevice?: readonly WeightDevice[];
  /** Bytes per second. */
  readonly throttleReadBpsDevice?: readonly ThrottleDevice[];
  readonly throttleWriteBpsDevice?: readonly ThrottleDevice[];
  /** Operations per second. */
  readonly throttleReadIOPSDevice?: readonly ThrottleDevice[];
  readonly throttleWriteIOPSDevice?: readonly ThrottleDevice[];
}

export interface WeightDevice {
  readonly major: number;
  readonly minor: number;
  readonly weight?: number;
  readonly leafWeight?: number;
}

export interface ThrottleDevice {
  readonly major: number;
  readonly minor: number;
  readonly rate?: Uint64;
}

export interface HugepageLimit {
  /** Such as `2MB`: a number without a leading zero, then KB, MB or GB. */
  readonly pageSize: string;
  /** Bytes. */
  readonly limit: Uint64;
}

/** net_cls and net_prio, cgroup v1 only. */
export interface NetworkResources {
  readonly classID?: number;
  readonly priorities?: readonly InterfacePriority[];
}

export interface InterfacePriority {
  readonly name: string;
  readonly priority: number;
}

export interface RdmaLimit {
  readonly hcaHandles?: number;
  readonly hcaObjects?: number;
}
