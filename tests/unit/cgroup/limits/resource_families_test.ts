/** Fields of `linux.resources` beside memory, cpu time and pids, which resources_test.ts has. */
import { assertEquals, assertThrows } from "@std/assert";
import { type Controllers, resourceWrites } from "../../../../runtime/cgroup/limits/resources.ts";
import { HostError } from "../../../../runtime/common/errors.ts";
import type { Resources } from "../../../../runtime/spec/spec.ts";

const V1: Controllers = {
  hierarchies: [
    "cpu",
    "memory",
    "blkio",
    "hugetlb",
    "net_cls",
    "net_prio",
    "rdma",
  ].map((name) => ({ version: 1, controllers: [name] })),
};
const V2: Controllers = { hierarchies: [{ version: 2, controllers: [] }] };

function written(controllers: Controllers, resources: Resources): string[] {
  return resourceWrites(controllers, resources).map(({ controller, file, value, from, ...more }) =>
    [controller, file, JSON.stringify(value), from.replace("linux.resources.", "")].join(" ") +
    (more.or ? ` or ${more.or.file} ${more.or.value}` : "") + (more.optional ? " optional" : "") +
    (more.coupled ? " coupled" : "")
  );
}

const BLOCK: Resources = {
  blockIO: {
    weight: 500,
    weightDevice: [{ major: 8, minor: 0, weight: 10 }, { major: 8, minor: 16 }],
    throttleReadBpsDevice: [{ major: 8, minor: 0, rate: 1000 }, { major: 8, minor: 16, rate: 0 }],
    throttleWriteBpsDevice: [{ major: 8, minor: 0, rate: 18446744073709551615n }],
    throttleReadIOPSDevice: [{ major: 8, minor: 0, rate: 3 }],
    throttleWriteIOPSDevice: [{ major: 8, minor: 0 }],
  },
};

Deno.test("blockIO on v1: BFQ's weights, and a file for each kind of throttle", () => {
  assertEquals(written(V1, BLOCK), [
    'blkio blkio.bfq.weight "500" blockIO.weight',
    'blkio blkio.bfq.weight_device "8:0 10" blockIO.weightDevice[0].weight',
    'blkio blkio.throttle.read_bps_device "8:0 1000" blockIO.throttleReadBpsDevice[0]',
    'blkio blkio.throttle.read_bps_device "8:16 0" blockIO.throttleReadBpsDevice[1]',
    'blkio blkio.throttle.write_bps_device "8:0 18446744073709551615" blockIO.throttleWriteBpsDevice[0]',
    'blkio blkio.throttle.read_iops_device "8:0 3" blockIO.throttleReadIOPSDevice[0]',
    'blkio blkio.throttle.write_iops_device "8:0 0" blockIO.throttleWriteIOPSDevice[0]',
  ]);
});

Deno.test("blockIO on v2: BFQ's weights or the cost model's, and one file for all throttles", () => {
  assertEquals(written(V2, BLOCK), [
    'io io.bfq.weight "500" blockIO.weight or io.weight 4950',
    'io io.bfq.weight "8:0 10" blockIO.weightDevice[0] or io.weight 8:0 1',
    'io io.max "8:0 rbps=1000" blockIO.throttleReadBpsDevice[0]',
    'io io.max "8:16 rbps=max" blockIO.throttleReadBpsDevice[1]',
    'io io.max "8:0 wbps=18446744073709551615" blockIO.throttleWriteBpsDevice[0]',
    'io io.max "8:0 riops=3" blockIO.throttleReadIOPSDevice[0]',
    'io io.max "8:0 wiops=max" blockIO.throttleWriteIOPSDevice[0]',
  ]);
});

Deno.test("leaf weights are left to v1's kernel and refused on v2", () => {
  const device = { major: 8, minor: 0, leafWeight: 20 };
  assertEquals(written(V1, { blockIO: { leafWeight: 10, weightDevice: [device] } }), [
    'blkio blkio.leaf_weight "10" blockIO.leafWeight',
    'blkio blkio.leaf_weight_device "8:0 20" blockIO.weightDevice[0].leafWeight',
  ]);
  refused(V2, { blockIO: { leafWeight: 10 } }, "blockIO.leafWeight");
  refused(V2, { blockIO: { weightDevice: [device] } }, "blockIO.weightDevice[0].leafWeight");
});

Deno.test("hugepageLimits limit pages in use and, where the kernel knows them, reserved ones", () => {
  const resources = { hugepageLimits: [{ pageSize: "2MB", limit: 4194304 }] };
  assertEquals(written(V1, resources), [
    'hugetlb hugetlb.2MB.limit_in_bytes "4194304" hugepageLimits[0]',
    'hugetlb hugetlb.2MB.rsvd.limit_in_bytes "4194304" hugepageLimits[0] optional',
  ]);
  assertEquals(written(V2, resources), [
    'hugetlb hugetlb.2MB.max "4194304" hugepageLimits[0]',
    'hugetlb hugetlb.2MB.rsvd.max "4194304" hugepageLimits[0] optional',
  ]);
});

Deno.test("network is v1's alone", () => {
  const network = { classID: 1048577, priorities: [{ name: "lo", priority: 7 }] };
  assertEquals(written(V1, { network }), [
    'net_cls net_cls.classid "1048577" network.classID',
    'net_prio net_prio.ifpriomap "lo 7" network.priorities[0]',
  ]);
  assertEquals(written(V2, { network: { classID: 0, priorities: [] } }), []);
  refused(V2, { network: { classID: 1 } }, "network.classID");
  refused(V2, { network: { priorities: network.priorities } }, "network.priorities");
});

Deno.test("rdma is alike for v1 and v2", () => {
  const rdma = { mlx5_1: { hcaHandles: 3, hcaObjects: 10000 }, "a-b": { hcaObjects: 0 }, c: {} };
  for (const controllers of [V1, V2]) {
    assertEquals(written(controllers, { rdma }), [
      'rdma rdma.max "mlx5_1 hca_handle=3 hca_object=10000" rdma.mlx5_1',
      'rdma rdma.max "a-b hca_object=0" rdma["a-b"]',
    ]);
  }
});

Deno.test("cpu.burst follows the quota, idle comes last, and realtime limits are v1's", () => {
  const cpu = { quota: 5000, burst: 1000, idle: 1, shares: 1024 };
  assertEquals(written(V1, { cpu: { ...cpu, realtimePeriod: 10, realtimeRuntime: 5 } }), [
    'cpu cpu.shares "1024" cpu.shares',
    'cpu cpu.cfs_quota_us "5000" cpu.quota coupled',
    'cpu cpu.rt_period_us "10" cpu.realtimePeriod coupled',
    'cpu cpu.rt_runtime_us "5" cpu.realtimeRuntime coupled',
    'cpu cpu.cfs_burst_us "1000" cpu.burst coupled',
    'cpu cpu.idle "1" cpu.idle',
  ]);
  assertEquals(written(V2, { cpu }), [
    'cpu cpu.weight "100" cpu.shares',
    'cpu cpu.max "5000 100000" cpu.quota coupled',
    'cpu cpu.max.burst "1000" cpu.burst coupled',
    'cpu cpu.idle "1" cpu.idle',
  ]);
  refused(V2, { cpu: { realtimePeriod: 10 } }, "cpu.realtimePeriod");
  refused(V2, { cpu: { realtimeRuntime: 10 } }, "cpu.realtimeRuntime");
});

Deno.test("swappiness and a disabled OOM killer are v1's", () => {
  assertEquals(written(V1, { memory: { swappiness: 0, disableOOMKiller: true } }), [
    'memory memory.swappiness "0" memory.swappiness',
    'memory memory.oom_control "1" memory.disableOOMKiller',
  ]);
  refused(V2, { memory: { swappiness: 0 } }, "memory.swappiness");
  refused(V2, { memory: { disableOOMKiller: true } }, "memory.disableOOMKiller");
  // What engines write for "not given".
  const unset = { swappiness: 18446744073709551615n, disableOOMKiller: false };
  assertEquals(written(V2, { memory: unset }), []);
});

Deno.test("useHierarchy may ask for what there is, and kernel memory for nothing", () => {
  const memory = { useHierarchy: true, kernel: 1, kernelTCP: 1, checkBeforeUpdate: true };
  for (const controllers of [V1, V2]) {
    assertEquals(written(controllers, { memory }), []);
    refused(controllers, { memory: { useHierarchy: false } }, "memory.useHierarchy");
  }
});

Deno.test("unified is written to v2 as it is, a line at a time, after the fields", () => {
  const unified = { "memory.high": "1", "io.max": "8:0 rbps=1\n8:16 wbps=2\n", "cpu.weight": "" };
  assertEquals(written(V2, { unified, memory: { limit: 9 } }), [
    'memory memory.max "9" memory.limit',
    'memory memory.high "1" unified["memory.high"]',
    'io io.max "8:0 rbps=1" unified["io.max"]',
    'io io.max "8:16 wbps=2" unified["io.max"]',
  ]);
  refused(V1, { unified }, 'unified["memory.high"]');
  assertEquals(written(V1, { unified: {} }), []);
});

/** Refused with the field's path. */
function refused(controllers: Controllers, resources: Resources, field: string): void {
  const error = assertThrows(() => resourceWrites(controllers, resources), HostError);
  assertEquals(error.message.split(": ")[0], `linux.resources.${field}`);
}
