import { assertEquals, assertThrows } from "@std/assert";
import type { CgroupLayout } from "../../../runtime/cgroup/layout.ts";
import { resourceWrites, unappliedResources } from "../../../runtime/cgroup/resources.ts";
import { HostError, SpecError } from "../../../runtime/errors.ts";
import type { Resources } from "../../../runtime/spec/spec.ts";

function layoutOf(...controllers: string[]): CgroupLayout {
  const v1 = controllers.map((controller) => ({
    version: 1 as const,
    controllers: [controller],
    mountPoint: `/cg/${controller}`,
    root: "/",
    self: "/",
  }));
  return { mode: "v1", hierarchies: v1 };
}

const V1 = layoutOf("cpu", "cpuset", "memory", "pids");
const UNIFIED = { version: 2, controllers: [], mountPoint: "/cg", root: "/", self: "/" } as const;
const V2: CgroupLayout = { mode: "v2", hierarchies: [UNIFIED] };

function written(layout: CgroupLayout, resources: Resources): [string, string, string][] {
  return resourceWrites(layout, resources).map(({ file, value, from }) => [
    file,
    value,
    from.replace("linux.resources.", ""),
  ]);
}

const ALL: Resources = {
  pids: { limit: 100 },
  memory: { limit: 1000, reservation: 500, swap: 3000 },
  cpu: { shares: 512, quota: 5000, period: 20000, cpus: "0-1", mems: "0" },
};

Deno.test("resourceWrites() says all limits in v1's terms, cpuset first and memory before memory with swap", () => {
  assertEquals(written(V1, ALL), [
    ["cpuset.cpus", "0-1", "cpu.cpus"],
    ["cpuset.mems", "0", "cpu.mems"],
    ["memory.limit_in_bytes", "1000", "memory.limit"],
    ["memory.memsw.limit_in_bytes", "3000", "memory.swap"],
    ["memory.soft_limit_in_bytes", "500", "memory.reservation"],
    ["cpu.shares", "512", "cpu.shares"],
    ["cpu.cfs_period_us", "20000", "cpu.period"],
    ["cpu.cfs_quota_us", "5000", "cpu.quota"],
    ["pids.max", "100", "pids.limit"],
  ]);
});

Deno.test("resourceWrites() says all limits in v2's terms, swap without the memory in it", () => {
  assertEquals(written(V2, ALL), [
    ["cpuset.cpus", "0-1", "cpu.cpus"],
    ["cpuset.mems", "0", "cpu.mems"],
    ["memory.max", "1000", "memory.limit"],
    ["memory.swap.max", "2000", "memory.swap"],
    ["memory.low", "500", "memory.reservation"],
    ["cpu.weight", "59", "cpu.shares"],
    ["cpu.max", "5000 20000", "cpu.quota"],
    ["pids.max", "100", "pids.limit"],
  ]);
});

Deno.test("resourceWrites() names the controller of each file", () => {
  const controllers = resourceWrites(V1, ALL).map(({ controller }) => controller);
  assertEquals([...new Set(controllers)], ["cpuset", "memory", "cpu", "pids"]);
});

Deno.test("resourceWrites() takes each controller where a hybrid host has it", () => {
  const hybrid: CgroupLayout = {
    mode: "hybrid",
    hierarchies: [UNIFIED, ...layoutOf("memory").hierarchies],
  };
  assertEquals(written(hybrid, { memory: { limit: 1 }, cpu: { shares: 1024 } }), [
    ["memory.limit_in_bytes", "1", "memory.limit"],
    ["cpu.weight", "100", "cpu.shares"],
  ]);
});

Deno.test("resourceWrites() writes -1 as v1's -1 and v2's max", () => {
  const unlimited: Resources = {
    pids: { limit: -1 },
    memory: { limit: -1, reservation: -1, swap: -1 },
    cpu: { quota: -1 },
  };
  assertEquals(written(V1, unlimited).map(([, value]) => value), ["-1", "-1", "-1", "-1", "max"]);
  assertEquals(written(V2, unlimited).map(([, value]) => value), [
    "max",
    "max",
    "max",
    "max 100000",
    "max",
  ]);
});

Deno.test("resourceWrites() writes nothing for 0, but for pids, where 0 is unlimited", () => {
  const zero: Resources = {
    memory: { limit: 0, reservation: 0, swap: 0 },
    cpu: { shares: 0, quota: 0, period: 0, cpus: "", mems: "" },
  };
  for (const layout of [V1, V2]) {
    assertEquals(written(layout, zero), []);
    assertEquals(written(layout, {}), []);
    assertEquals(resourceWrites(layout, undefined), []);
    assertEquals(written(layout, { pids: { limit: 0 } }), [["pids.max", "max", "pids.limit"]]);
  }
});

Deno.test("resourceWrites() keeps every digit of a bigint", () => {
  const memory = { limit: 9007199254740993n, swap: 9223372036854775807n };
  assertEquals(written(V1, { memory }).map(([, value]) => value), [
    "9007199254740993",
    "9223372036854775807",
  ]);
  assertEquals(written(V2, { memory }).map(([, value]) => value), [
    "9007199254740993",
    "9214364837600034814",
  ]);
});

Deno.test("resourceWrites() disables swap on v2 when it equals the memory limit", () => {
  assertEquals(written(V2, { memory: { limit: 5, swap: 5 } })[1], [
    "memory.swap.max",
    "0",
    "memory.swap",
  ]);
});

Deno.test("resourceWrites() refuses swap without a memory limit, or below it", () => {
  for (const layout of [V1, V2]) {
    for (const memory of [{ swap: 5 }, { swap: 5, limit: -1 }, { swap: 5, limit: 6 }]) {
      const error = assertThrows(() => resourceWrites(layout, { memory }), SpecError);
      assertEquals(error.jsonPath, "linux.resources.memory.swap");
    }
  }
});

Deno.test("resourceWrites() maps shares to weights from end to end over the default", () => {
  const weights = ([[1, 1], [2, 1], [1024, 100], [262144, 10000], [999999, 10000]] as const)
    .map(([shares]) => [shares, Number(written(V2, { cpu: { shares } })[0]![1])]);
  assertEquals(weights, [[1, 1], [2, 1], [1024, 100], [262144, 10000], [999999, 10000]]);
});

Deno.test("resourceWrites() gives the kernel's default period to a quota alone, and max to a period alone", () => {
  assertEquals(written(V2, { cpu: { quota: 1000 } }), [["cpu.max", "1000 100000", "cpu.quota"]]);
  assertEquals(written(V2, { cpu: { period: 1000 } }), [["cpu.max", "max 1000", "cpu.period"]]);
});

Deno.test("resourceWrites() refuses a limit whose controller a v1 host has not mounted", () => {
  const error = assertThrows(
    () => resourceWrites(layoutOf("cpu"), { pids: { limit: 1 } }),
    HostError,
  );
  assertEquals(
    error.message,
    "linux.resources.pids.limit: no cgroup hierarchy has the controller pids; mount it, or remove the limit",
  );
});

Deno.test("resourceWrites() always has device rules on v1, after the limits, and none on v2", () => {
  const writes = resourceWrites(layoutOf("pids", "devices"), { pids: { limit: 1 } });
  assertEquals(writes.slice(0, 2).map(({ file, value }) => [file, value]), [
    ["pids.max", "1"],
    ["devices.deny", "a"],
  ]);
  assertEquals(resourceWrites(V2, { devices: [{ allow: false, access: "rwm" }] }), []);
});

Deno.test("unappliedResources() lists what is asked for and not applied", () => {
  const resources: Resources = {
    devices: [{ allow: false }],
    memory: { limit: 1, kernel: 1, swappiness: 0, disableOOMKiller: true },
    cpu: { shares: 1, burst: 1, idle: 1 },
    blockIO: { weight: 10 },
    unified: { "io.max": "1" },
  };
  const rest = ["memory.kernel", "memory.swappiness", "memory.disableOOMKiller", "cpu.burst"]
    .concat("cpu.idle", "blockIO", "unified").map((field) => `linux.resources.${field}`);
  assertEquals(unappliedResources(layoutOf("devices"), resources), rest);
  assertEquals(unappliedResources(V2, resources), [...rest, "linux.resources.devices"]);
});

Deno.test("unappliedResources() is silent about what is empty, off or applied", () => {
  const resources: Resources = {
    ...ALL,
    devices: [],
    blockIO: {},
    hugepageLimits: [],
    unified: {},
    memory: { disableOOMKiller: false, kernel: 0, useHierarchy: true },
  };
  assertEquals(unappliedResources(V2, resources), []);
  assertEquals(unappliedResources(V2, undefined), []);
});
