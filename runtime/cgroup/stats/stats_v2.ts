/** The statistics of a v2 cgroup (admin-guide/cgroup-v2.rst) in v1's terms. Pure, except for reading through StatFiles. */
import {
  count,
  counts,
  isUnlimited,
  linesOf,
  memoryUse,
  nonEmpty,
  parsePressure,
  sorted,
  taskLimit,
} from "./stat_text.ts";
import type { BlkioEntry, BlkioStats, CgroupStats, HugetlbUse, StatFiles } from "./figures.ts";

export function readV2(files: StatFiles): CgroupStats {
  return {
    cpu: readCpu(files),
    cpuset: NO_CPUSET,
    memory: readMemory(files),
    pids: readPids(files),
    blkio: readBlkio(files),
    hugetlb: readHugetlb(files),
  };
}

/** v2 has none of v1's flags, and runc reads no others. */
const NO_CPUSET: CgroupStats["cpuset"] = {
  cpu_exclusive: 0n,
  mem_hardwall: 0n,
  mem_exclusive: 0n,
  memory_migrate: 0n,
  memory_spread_page: 0n,
  memory_spread_slab: 0n,
  memory_pressure: 0n,
  sched_load_balance: 0n,
  sched_relax_domain_level: 0n,
};

function readCpu({ read }: StatFiles): CgroupStats["cpu"] {
  const stat = counts(read("cpu.stat"));
  const nanoseconds = (name: string) => (stat[`${name}_usec`] ?? 0n) * 1000n;
  return {
    usage: {
      ...nonEmpty({ total: nanoseconds("usage") }),
      kernel: nanoseconds("system"),
      user: nanoseconds("user"),
    },
    throttling: nonEmpty({
      periods: stat.nr_periods,
      throttledPeriods: stat.nr_throttled,
      throttledTime: nanoseconds("throttled"),
    }),
    ...pressure(read("cpu.pressure")),
  };
}

function pressure(text: string | undefined): Pick<CgroupStats["cpu"], "psi"> {
  const psi = parsePressure(text);
  return psi ? { psi } : {};
}

function readMemory({ read }: StatFiles): CgroupStats["memory"] {
  const raw = counts(read("memory.stat"));
  const value = (name: string) => count(read(name));
  const limit = value("memory.max");
  const usage = value("memory.current");
  const swapLimit = value("memory.swap.max");
  return {
    ...nonEmpty({ cache: raw.file }),
    usage: memoryUse(limit, usage, value("memory.peak")),
    // v1 counts memory and swap together; the maxima of the two may have been at different times.
    swap: memoryUse(
      isUnlimited(swapLimit) ? swapLimit : BigInt.asUintN(64, swapLimit + limit),
      value("memory.swap.current") + usage,
    ),
    kernel: memoryUse(),
    kernelTCP: memoryUse(),
    ...nonEmpty({ raw: sorted(raw) }),
    ...pressure(read("memory.pressure")),
  };
}

/** Without the controller, counts the processes, or the threads of a threaded cgroup. */
function readPids({ read }: StatFiles): CgroupStats["pids"] {
  const current = read("pids.current");
  if (current === undefined) {
    const members = read("cgroup.procs") ?? read("cgroup.threads");
    return nonEmpty({ current: BigInt(linesOf(members).length) });
  }
  return nonEmpty({ current: count(current), limit: taskLimit(read("pids.max")) });
}

const IO_FIELDS = {
  rbytes: ["ioServiceBytesRecursive", "Read"],
  wbytes: ["ioServiceBytesRecursive", "Write"],
  rios: ["ioServicedRecursive", "Read"],
  wios: ["ioServicedRecursive", "Write"],
} as const;

/** Lines of `8:16 rbytes=1459200 wbytes=314773504 rios=192 wios=353 dbytes=0 dios=0`. */
function readBlkio({ read }: StatFiles): BlkioStats {
  const found: Record<"ioServiceBytesRecursive" | "ioServicedRecursive", BlkioEntry[]> = {
    ioServiceBytesRecursive: [],
    ioServicedRecursive: [],
  };
  for (const line of linesOf(read("io.stat"))) {
    const [device, ...items] = line.split(" ");
    const [major, minor] = device!.split(":");
    if (minor === undefined) continue;
    for (const item of items) {
      const [name, value] = item.split("=");
      if (!Object.hasOwn(IO_FIELDS, name!)) continue;
      const [field, op] = IO_FIELDS[name as keyof typeof IO_FIELDS];
      const entry = { major: count(major), minor: count(minor), op, value: count(value) };
      found[field].push(nonEmpty(entry));
    }
  }
  return { ...nonEmpty(found), ...pressure(read("io.pressure")) };
}

function readHugetlb(files: StatFiles): Record<string, HugetlbUse> {
  const sizes = files.names().flatMap((name) => /^hugetlb\.(\w+)\.current$/.exec(name)?.[1] ?? []);
  return sorted(Object.fromEntries(sizes.map((size) => {
    const current = files.read(`hugetlb.${size}.rsvd.current`) ??
      files.read(`hugetlb.${size}.current`);
    const { max = 0n } = counts(files.read(`hugetlb.${size}.events`));
    return [size, { ...nonEmpty({ usage: count(current) }), failcnt: max }];
  })));
}
