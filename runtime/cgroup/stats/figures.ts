/** A cgroup's resource usage in the format of `events`, which is runc's. Counts are bigints: some have 64 bits. */

/** Absent optional fields mean 0 or empty. Units: bytes and nanoseconds. */
export interface CgroupStats {
  readonly cpu: {
    readonly usage: {
      readonly total?: bigint;
      readonly percpu?: readonly bigint[];
      readonly percpu_kernel?: readonly bigint[];
      readonly percpu_user?: readonly bigint[];
      readonly kernel: bigint;
      readonly user: bigint;
    };
    readonly throttling: {
      readonly periods?: bigint;
      readonly throttledPeriods?: bigint;
      readonly throttledTime?: bigint;
    };
    readonly psi?: Pressure;
  };
  readonly cpuset: CpusetStats;
  readonly memory: {
    readonly cache?: bigint;
    readonly usage: MemoryUse;
    /** Memory plus swap, on v2 too. */
    readonly swap: MemoryUse;
    readonly kernel: MemoryUse;
    readonly kernelTCP: MemoryUse;
    /** memory.stat unchanged, sorted. */
    readonly raw?: Readonly<Record<string, bigint>>;
    readonly psi?: Pressure;
  };
  readonly pids: { readonly current?: bigint; readonly limit?: bigint };
  readonly blkio: BlkioStats;
  /** By page size, as `2MB`. */
  readonly hugetlb: Readonly<Record<string, HugetlbUse>>;
}

export interface CpusetStats {
  readonly cpus?: readonly bigint[];
  readonly cpu_exclusive: bigint;
  readonly mems?: readonly bigint[];
  readonly mem_hardwall: bigint;
  readonly mem_exclusive: bigint;
  readonly memory_migrate: bigint;
  readonly memory_spread_page: bigint;
  readonly memory_spread_slab: bigint;
  readonly memory_pressure: bigint;
  readonly sched_load_balance: bigint;
  readonly sched_relax_domain_level: bigint;
}

/** Without a limit, `limit` is the kernel's value for none: on v2 2^64 - 1. */
export interface MemoryUse {
  readonly limit: bigint;
  readonly usage?: bigint;
  readonly max?: bigint;
  readonly failcnt: bigint;
}

export interface BlkioEntry {
  readonly major?: bigint;
  readonly minor?: bigint;
  readonly op?: string;
  readonly value?: bigint;
}

export interface BlkioStats {
  readonly ioServiceBytesRecursive?: readonly BlkioEntry[];
  readonly ioServicedRecursive?: readonly BlkioEntry[];
  readonly ioQueueRecursive?: readonly BlkioEntry[];
  readonly ioServiceTimeRecursive?: readonly BlkioEntry[];
  readonly ioWaitTimeRecursive?: readonly BlkioEntry[];
  readonly ioMergedRecursive?: readonly BlkioEntry[];
  readonly ioTimeRecursive?: readonly BlkioEntry[];
  readonly sectorsRecursive?: readonly BlkioEntry[];
  readonly psi?: Pressure;
}

export interface HugetlbUse {
  readonly usage?: bigint;
  readonly max?: bigint;
  readonly failcnt: bigint;
}

/** Pressure stall information (accounting/psi.rst): percent of time, and microseconds. */
export interface Pressure {
  readonly some: PressureLine;
  readonly full: PressureLine;
}

export interface PressureLine {
  readonly avg10: number;
  readonly avg60: number;
  readonly avg300: number;
  readonly total: bigint;
}

/** The files of a cgroup with one controller. */
export interface StatFiles {
  /** A file's text; undefined when there is none. */
  read(name: string): string | undefined;
  names(): readonly string[];
}
