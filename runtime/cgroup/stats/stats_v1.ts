/** The statistics of v1's controllers (admin-guide/cgroup-v1). Pure, except for reading through StatFiles. */
import {
  count,
  counts,
  linesOf,
  memoryUse,
  nonEmpty,
  parseList,
  sorted,
  taskLimit,
} from "./stat_text.ts";
import type {
  BlkioEntry,
  BlkioStats,
  CgroupStats,
  CpusetStats,
  HugetlbUse,
  MemoryUse,
  StatFiles,
} from "./figures.ts";

export function readV1(files: (controller: string) => StatFiles): CgroupStats {
  return {
    cpu: readCpu(files("cpuacct"), files("cpu")),
    cpuset: readCpuset(files("cpuset")),
    memory: readMemory(files("memory")),
    pids: nonEmpty({
      current: count(files("pids").read("pids.current")),
      limit: taskLimit(files("pids").read("pids.max")),
    }),
    blkio: readBlkio(files("blkio")),
    hugetlb: readHugetlb(files("hugetlb")),
  };
}

/** USER_HZ is 100 on every architecture that Deno runs on. */
const NANOSECONDS_PER_TICK = 10_000_000n;

function readCpu(acct: StatFiles, cpu: StatFiles): CgroupStats["cpu"] {
  const stat = counts(acct.read("cpuacct.stat"));
  // "cpu user system", then a line for each CPU.
  const all = linesOf(acct.read("cpuacct.usage_all")).slice(1)
    .map((line) => line.split(" ")).filter((columns) => columns.length === 3);
  const { nr_periods, nr_throttled, throttled_time } = counts(cpu.read("cpu.stat"));
  return {
    usage: {
      ...nonEmpty({
        total: count(acct.read("cpuacct.usage")),
        percpu: (acct.read("cpuacct.usage_percpu") ?? "").split(/\s+/).filter(Boolean).map(count),
        percpu_kernel: all.map(([, , system]) => count(system)),
        percpu_user: all.map(([, user]) => count(user)),
      }),
      kernel: (stat.system ?? 0n) * NANOSECONDS_PER_TICK,
      user: (stat.user ?? 0n) * NANOSECONDS_PER_TICK,
    },
    throttling: nonEmpty({
      periods: nr_periods,
      throttledPeriods: nr_throttled,
      throttledTime: throttled_time,
    }),
  };
}

function readCpuset({ read }: StatFiles): CpusetStats {
  const flag = (name: string) => count(read(`cpuset.${name}`));
  return {
    ...nonEmpty({ cpus: parseList(read("cpuset.cpus")) }),
    cpu_exclusive: flag("cpu_exclusive"),
    ...nonEmpty({ mems: parseList(read("cpuset.mems")) }),
    mem_hardwall: flag("mem_hardwall"),
    mem_exclusive: flag("mem_exclusive"),
    memory_migrate: flag("memory_migrate"),
    memory_spread_page: flag("memory_spread_page"),
    memory_spread_slab: flag("memory_spread_slab"),
    memory_pressure: flag("memory_pressure"),
    sched_load_balance: flag("sched_load_balance"),
    // -1 is the default.
    sched_relax_domain_level: BigInt(read("cpuset.sched_relax_domain_level")?.trim() || "0"),
  };
}

function readMemory({ read }: StatFiles): CgroupStats["memory"] {
  const raw = counts(read("memory.stat"));
  const use = (name: string): MemoryUse => {
    const value = (what: string) => count(read(`${name}.${what}`));
    return memoryUse(
      value("limit_in_bytes"),
      value("usage_in_bytes"),
      value("max_usage_in_bytes"),
      value("failcnt"),
    );
  };
  return {
    ...nonEmpty({ cache: raw.cache }),
    usage: use("memory"),
    swap: use("memory.memsw"),
    kernel: use("memory.kmem"),
    kernelTCP: use("memory.kmem.tcp"),
    ...nonEmpty({ raw: sorted(raw) }),
  };
}

type BlkioField = Exclude<keyof BlkioStats, "psi">;
type BlkioFile = readonly [file: string, field: BlkioField];

/** Counters of the BFQ and, formerly, the CFQ scheduler, with and without their debugging. */
const SCHEDULER_FILES: readonly BlkioFile[] = [
  ["sectors_recursive", "sectorsRecursive"],
  ["io_service_time_recursive", "ioServiceTimeRecursive"],
  ["io_wait_time_recursive", "ioWaitTimeRecursive"],
  ["io_merged_recursive", "ioMergedRecursive"],
  ["io_queued_recursive", "ioQueueRecursive"],
  ["time_recursive", "ioTimeRecursive"],
  ["io_serviced_recursive", "ioServicedRecursive"],
  ["io_service_bytes_recursive", "ioServiceBytesRecursive"],
];

const prefixed = (prefix: string, files: readonly BlkioFile[]) =>
  files.map(([file, field]): BlkioFile => [`${prefix}.${file}`, field]);

/** The first group whose first file has entries is used: files of unused schedulers are empty. */
const BLKIO_GROUPS: readonly (readonly BlkioFile[])[] = [
  prefixed("blkio.bfq", SCHEDULER_FILES),
  prefixed("blkio.bfq", SCHEDULER_FILES.slice(-2)),
  prefixed("blkio", SCHEDULER_FILES),
  prefixed("blkio.throttle", SCHEDULER_FILES.slice(-2)),
  [
    ["blkio.throttle.io_serviced", "ioServicedRecursive"],
    ["blkio.throttle.io_service_bytes", "ioServiceBytesRecursive"],
  ],
];

/** In the order of runc's output. */
const BLKIO_ORDER: readonly BlkioField[] = [
  "ioServiceBytesRecursive",
  "ioServicedRecursive",
  "ioQueueRecursive",
  "ioServiceTimeRecursive",
  "ioWaitTimeRecursive",
  "ioMergedRecursive",
  "ioTimeRecursive",
  "sectorsRecursive",
];

function readBlkio({ read }: StatFiles): BlkioStats {
  for (const group of BLKIO_GROUPS) {
    if (parseBlkio(read(group[0]![0])).length === 0) continue;
    const found = new Map(group.map(([file, field]) => [field, parseBlkio(read(file))]));
    return nonEmpty(
      Object.fromEntries(BLKIO_ORDER.map((field) => [field, found.get(field) ?? []])),
    );
  }
  return {};
}

/** Lines of `8:0 Read 1282048` or `8:0 6792`; the total, `Total 3477504`, is left out. */
function parseBlkio(text: string | undefined): BlkioEntry[] {
  return linesOf(text).flatMap((line) => {
    const match = /^(\d+):(\d+)(?: (\w+))? (\d+)$/.exec(line);
    if (!match) return [];
    const [, major, minor, op = "", value] = match;
    return [nonEmpty({ major: count(major), minor: count(minor), op, value: count(value) })];
  });
}

function readHugetlb(files: StatFiles): Record<string, HugetlbUse> {
  const sizes = files.names().flatMap((name) =>
    /^hugetlb\.(\w+)\.usage_in_bytes$/.exec(name)?.[1] ?? []
  );
  return sorted(Object.fromEntries(sizes.map((size) => {
    // Reservations, if the kernel counts them (5.7): the limit applies to them.
    const prefix = [`hugetlb.${size}.rsvd`, `hugetlb.${size}`]
      .find((name) => files.read(`${name}.usage_in_bytes`) !== undefined);
    const value = (what: string) => count(files.read(`${prefix}.${what}`));
    const usage = nonEmpty({ usage: value("usage_in_bytes"), max: value("max_usage_in_bytes") });
    return [size, { ...usage, failcnt: value("failcnt") }];
  })));
}
