import { assertEquals } from "@std/assert";
import { readStats } from "../../../../runtime/cgroup/stats/stats.ts";
import type { StatFiles } from "../../../../runtime/cgroup/stats/figures.ts";
import { readV1 } from "../../../../runtime/cgroup/stats/stats_v1.ts";
import { readV2 } from "../../../../runtime/cgroup/stats/stats_v2.ts";
import { stringifyJson } from "../../../../runtime/spec/json.ts";

function files(texts: Readonly<Record<string, string>>): StatFiles {
  return { read: (name) => texts[name], names: () => Object.keys(texts) };
}

const NONE = files({});

/** As a reader of `events` gets it; numbers beyond 2^53 are not in these. */
function json(stats: unknown) {
  return JSON.parse(stringifyJson(stats));
}

const EMPTY_USE = { limit: 0, failcnt: 0 };
const EMPTY_FLAGS = {
  cpu_exclusive: 0,
  mem_hardwall: 0,
  mem_exclusive: 0,
  memory_migrate: 0,
  memory_spread_page: 0,
  memory_spread_slab: 0,
  memory_pressure: 0,
  sched_load_balance: 0,
  sched_relax_domain_level: 0,
};
const EMPTY = {
  cpu: { usage: { kernel: 0, user: 0 }, throttling: {} },
  cpuset: EMPTY_FLAGS,
  memory: { usage: EMPTY_USE, swap: EMPTY_USE, kernel: EMPTY_USE, kernelTCP: EMPTY_USE },
  pids: {},
  blkio: {},
  hugetlb: {},
};

Deno.test("without controllers all is 0, and what runc leaves out then is left out", () => {
  assertEquals(json(readV1(() => NONE)), EMPTY);
  assertEquals(json(readV2(NONE)), EMPTY);
});

Deno.test("a cgroup that is removed meanwhile uses nothing", () => {
  for (const [version, controllers] of [[1, ["memory", "hugetlb"]], [2, []]] as const) {
    const directory = { version, controllers, path: "/sys/fs/cgroup/no/such", mountPoint: "/" };
    assertEquals(json(readStats({ driver: "cgroupfs", directories: [directory] })), EMPTY);
  }
});

const V1: Readonly<Record<string, StatFiles>> = {
  cpuacct: files({
    "cpuacct.stat": "user 12\nsystem 3\n",
    "cpuacct.usage": "150000001\n",
    "cpuacct.usage_percpu": "100 50 \n",
    "cpuacct.usage_all": "cpu user system\n0 70 30\n1 50 0\n",
  }),
  cpu: files({ "cpu.stat": "nr_periods 5\nnr_throttled 2\nthrottled_time 77\n" }),
  cpuset: files({
    "cpuset.cpus": "0-2,5\n",
    "cpuset.mems": "0\n",
    "cpuset.sched_load_balance": "1\n",
    "cpuset.sched_relax_domain_level": "-1\n",
  }),
  memory: files({
    "memory.stat": "rss 4096\ncache 8192\n",
    "memory.limit_in_bytes": "65536\n",
    "memory.usage_in_bytes": "12288\n",
    "memory.max_usage_in_bytes": "16384\n",
    "memory.failcnt": "7\n",
    "memory.kmem.limit_in_bytes": "65536\n",
  }),
  pids: files({ "pids.current": "3\n", "pids.max": "max\n" }),
  blkio: files({
    "blkio.bfq.io_serviced_recursive": "Total 0\n",
    "blkio.throttle.io_serviced_recursive": "8:0 Read 2\n8:0 Discard 0\nTotal 2\n",
    "blkio.throttle.io_service_bytes_recursive": "8:16 Write 512\nTotal 512\n",
  }),
  hugetlb: files({
    "hugetlb.2MB.usage_in_bytes": "2097152\n",
    "hugetlb.2MB.max_usage_in_bytes": "4194304\n",
    "hugetlb.2MB.failcnt": "1\n",
    "hugetlb.1GB.usage_in_bytes": "0\n",
  }),
};

Deno.test("readV1() has each controller's figures under runc's names", () => {
  assertEquals(json(readV1((controller) => V1[controller] ?? NONE)), {
    cpu: {
      usage: {
        total: 150000001,
        percpu: [100, 50],
        percpu_kernel: [30, 0],
        percpu_user: [70, 50],
        kernel: 30000000,
        user: 120000000,
      },
      throttling: { periods: 5, throttledPeriods: 2, throttledTime: 77 },
    },
    cpuset: {
      ...EMPTY_FLAGS,
      cpus: [0, 1, 2, 5],
      mems: [0],
      sched_load_balance: 1,
      sched_relax_domain_level: -1,
    },
    memory: {
      cache: 8192,
      usage: { limit: 65536, usage: 12288, max: 16384, failcnt: 7 },
      swap: EMPTY_USE,
      kernel: { limit: 65536, failcnt: 0 },
      kernelTCP: EMPTY_USE,
      raw: { cache: 8192, rss: 4096 },
    },
    pids: { current: 3 },
    blkio: {
      ioServiceBytesRecursive: [{ major: 8, minor: 16, op: "Write", value: 512 }],
      ioServicedRecursive: [{ major: 8, op: "Read", value: 2 }, { major: 8, op: "Discard" }],
    },
    hugetlb: { "1GB": { failcnt: 0 }, "2MB": { usage: 2097152, max: 4194304, failcnt: 1 } },
  });
});

Deno.test("readV1() takes BFQ's figures where that scheduler is in use", () => {
  const blkio = files({
    "blkio.bfq.io_serviced_recursive": "8:0 Read 1\nTotal 1\n",
    "blkio.bfq.io_service_bytes_recursive": "8:0 Read 4096\nTotal 4096\n",
    "blkio.throttle.io_serviced_recursive": "8:0 Read 9\nTotal 9\n",
  });
  assertEquals(json(readV1((controller) => controller === "blkio" ? blkio : NONE).blkio), {
    ioServiceBytesRecursive: [{ major: 8, op: "Read", value: 4096 }],
    ioServicedRecursive: [{ major: 8, op: "Read", value: 1 }],
  });
});

Deno.test("counts of 64 bits keep all their digits", () => {
  const memory = files({ "memory.limit_in_bytes": "9223372036854771712\n" });
  const { usage } = readV1((name) => name === "memory" ? memory : NONE).memory;
  assertEquals(stringifyJson(usage), '{"limit":9223372036854771712,"failcnt":0}');
  const { memory: v2 } = readV2(files({ "memory.max": "max\n", "memory.swap.max": "max\n" }));
  assertEquals([v2.usage.limit, v2.swap.limit], [2n ** 64n - 1n, 2n ** 64n - 1n]);
});

Deno.test("readV2() has v2's figures in v1's units, swap together with memory, and the pressure", () => {
  const pressure = "some avg10=1.50 avg60=0.25 avg300=0.00 total=1234\n" +
    "full avg10=0.00 avg60=0.00 avg300=0.00 total=5\n";
  const psi = {
    some: { avg10: 1.5, avg60: 0.25, avg300: 0, total: 1234 },
    full: { avg10: 0, avg60: 0, avg300: 0, total: 5 },
  };
  const stats = readV2(files({
    "cpu.stat": "usage_usec 30\nuser_usec 20\nsystem_usec 10\nnr_periods 4\nnr_throttled 1\n" +
      "throttled_usec 9\nnr_bursts 0\n",
    "cpu.pressure": pressure,
    "memory.stat": "anon 1\nfile 2\n",
    "memory.current": "100\n",
    "memory.max": "1000\n",
    "memory.peak": "300\n",
    "memory.swap.current": "5\n",
    "memory.swap.max": "50\n",
    "memory.pressure": pressure,
    "pids.current": "2\n",
    "pids.max": "9\n",
    "io.stat": "8:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=5 dios=6\n8:16 \n7:1 rbytes=8 rios=1\n",
    "io.pressure": pressure,
    "hugetlb.2MB.current": "0\n",
    "hugetlb.2MB.rsvd.current": "2097152\n",
    "hugetlb.2MB.events": "max 3\n",
  }));
  assertEquals(json(stats), {
    cpu: {
      usage: { total: 30000, kernel: 10000, user: 20000 },
      throttling: { periods: 4, throttledPeriods: 1, throttledTime: 9000 },
      psi,
    },
    cpuset: EMPTY_FLAGS,
    memory: {
      cache: 2,
      usage: { limit: 1000, usage: 100, max: 300, failcnt: 0 },
      swap: { limit: 1050, usage: 105, failcnt: 0 },
      kernel: EMPTY_USE,
      kernelTCP: EMPTY_USE,
      raw: { anon: 1, file: 2 },
      psi,
    },
    pids: { current: 2, limit: 9 },
    blkio: {
      ioServiceBytesRecursive: [
        { major: 8, op: "Read", value: 1 },
        { major: 8, op: "Write", value: 2 },
        { major: 7, minor: 1, op: "Read", value: 8 },
      ],
      ioServicedRecursive: [
        { major: 8, op: "Read", value: 3 },
        { major: 8, op: "Write", value: 4 },
        { major: 7, minor: 1, op: "Read", value: 1 },
      ],
      psi,
    },
    hugetlb: { "2MB": { usage: 2097152, failcnt: 3 } },
  });
});

Deno.test("readV2() counts processes where no controller does, threads in a threaded cgroup", () => {
  assertEquals(readV2(files({ "cgroup.procs": "1\n2\n" })).pids, { current: 2n });
  assertEquals(readV2(files({ "cgroup.threads": "1\n" })).pids, { current: 1n });
});
