import { assertEquals, assertThrows } from "@std/assert";
import type { CgroupLayout } from "../../../../runtime/cgroup/layout.ts";
import { limitWrites, resourceWrites } from "../../../../runtime/cgroup/limits/resources.ts";
import { HostError, SpecError } from "../../../../runtime/common/errors.ts";
import type { Resources } from "../../../../runtime/spec/spec.ts";

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
    ["cpu.shares", "512", "cpu.shares"],
    ["cpu.cfs_period_us", "20000", "cpu.period"],
    ["cpu.cfs_quota_us", "5000", "cpu.quota"],
    ["pids.max", "100", "pids.limit"],
    ["memory.limit_in_bytes", "1000", "memory.limit"],
    ["memory.memsw.limit_in_bytes", "3000", "memory.swap"],
    ["memory.soft_limit_in_bytes", "500", "memory.reservation"],
  ]);
});

Deno.test("resourceWrites() says all limits in v2's terms, swap without the memory in it", () => {
  assertEquals(written(V2, ALL), [
    ["cpuset.cpus", "0-1", "cpu.cpus"],
    ["cpuset.mems", "0", "cpu.mems"],
    ["cpu.weight", "59", "cpu.shares"],
    ["cpu.max", "5000 20000", "cpu.quota"],
    ["pids.max", "100", "pids.limit"],
    ["memory.swap.max", "2000", "memory.swap"],
    ["memory.max", "1000", "memory.limit"],
    ["memory.low", "500", "memory.reservation"],
  ]);
});

Deno.test("resourceWrites() names the controller of each file", () => {
  const controllers = resourceWrites(V1, ALL).map(({ controller }) => controller);
  assertEquals([...new Set(controllers)], ["cpuset", "cpu", "pids", "memory"]);
});

Deno.test("resourceWrites() takes each controller where a hybrid host has it", () => {
  const hybrid: CgroupLayout = {
    mode: "hybrid",
    hierarchies: [UNIFIED, ...layoutOf("memory").hierarchies],
  };
  assertEquals(written(hybrid, { memory: { limit: 1 }, cpu: { shares: 1024 } }), [
    ["cpu.weight", "100", "cpu.shares"],
    ["memory.limit_in_bytes", "1", "memory.limit"],
  ]);
});

Deno.test("resourceWrites() writes -1 as v1's -1 and v2's max", () => {
  const unlimited: Resources = {
    pids: { limit: -1 },
    memory: { limit: -1, reservation: -1, swap: -1 },
    cpu: { quota: -1 },
  };
  assertEquals(written(V1, unlimited).map(([, value]) => value), ["-1", "max", "-1", "-1", "-1"]);
  assertEquals(written(V2, unlimited).map(([, value]) => value), [
    "max 100000",
    "max",
    "max",
    "max",
    "max",
  ]);
});

Deno.test("resourceWrites() writes nothing for 0, but for pids, where 0 is a limit", () => {
  const zero: Resources = {
    memory: { limit: 0, reservation: 0, swap: 0 },
    cpu: { shares: 0, quota: 0, period: 0, cpus: "", mems: "" },
  };
  for (const layout of [V1, V2]) {
    assertEquals(written(layout, zero), []);
    assertEquals(written(layout, {}), []);
    assertEquals(resourceWrites(layout, undefined), []);
    assertEquals(written(layout, { pids: { limit: 0 } }), [["pids.max", "1", "pids.limit"]]);
    assertEquals(written(layout, { pids: {} }), []);
  }
});

Deno.test("resourceWrites() keeps every digit of a bigint", () => {
  const memory = { limit: 9007199254740993n, swap: 9223372036854775807n };
  assertEquals(written(V1, { memory }).map(([, value]) => value), [
    "9007199254740993",
    "9223372036854775807",
  ]);
  assertEquals(written(V2, { memory }).map(([, value]) => value), [
    "9214364837600034814",
    "9007199254740993",
  ]);
});

Deno.test("resourceWrites() disables swap on v2 when it equals the memory limit", () => {
  assertEquals(written(V2, { memory: { limit: 5, swap: 5 } })[0], [
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

/** The writes of a cgroup that is there, with these files. */
function changed(
  layout: CgroupLayout,
  resources: Resources,
  files: Readonly<Record<string, string>> = {},
): string[] {
  return limitWrites(layout, resources, (_controller, file) => files[file])
    .map(({ file, value }) => `${file} ${value}`);
}

Deno.test("limitWrites() keeps what cpu.max has of the half that is not given", () => {
  const files = { "cpu.max": "20000 50000\n" };
  assertEquals(changed(V2, { cpu: { quota: 1000 } }, files), ["cpu.max 1000 50000"]);
  assertEquals(changed(V2, { cpu: { quota: -1 } }, files), ["cpu.max max 50000"]);
  assertEquals(changed(V2, { cpu: { period: 9000 } }, files), ["cpu.max 20000 9000"]);
});

Deno.test("limitWrites() keeps the sum of memory and swap on v2 when the memory limit alone changes", () => {
  const files = { "memory.max": "1000\n", "memory.swap.max": "500\n" };
  assertEquals(changed(V2, { memory: { limit: 1200 } }, files), [
    "memory.swap.max 300",
    "memory.max 1200",
  ]);
  const error = assertThrows(() => changed(V2, { memory: { limit: 1501 } }, files), SpecError);
  assertEquals(error.jsonPath, "linux.resources.memory.limit");
  const unlimited = { "memory.max": "1000\n", "memory.swap.max": "max\n" };
  assertEquals(changed(V2, { memory: { limit: 1200 } }, unlimited), ["memory.max 1200"]);
});

Deno.test("limitWrites() subtracts on v2 the memory limit that the cgroup has from a swap limit alone", () => {
  assertEquals(changed(V2, { memory: { swap: 1500 } }, { "memory.max": "1000\n" }), [
    "memory.swap.max 500",
  ]);
  const error = assertThrows(
    () => changed(V2, { memory: { swap: 1500 } }, { "memory.max": "max\n" }),
    SpecError,
  );
  assertEquals(error.jsonPath, "linux.resources.memory.swap");
});

Deno.test("limitWrites() takes the swap limit away with the memory limit, as runc does", () => {
  assertEquals(changed(V2, { memory: { limit: -1 } }), ["memory.swap.max max", "memory.max max"]);
  assertEquals(limitWrites(V1, { memory: { limit: -1 } }, () => undefined), [
    {
      controller: "memory",
      file: "memory.limit_in_bytes",
      value: "-1",
      from: "linux.resources.memory.limit",
      coupled: true,
    },
    {
      controller: "memory",
      file: "memory.memsw.limit_in_bytes",
      value: "-1",
      from: "linux.resources.memory.limit",
      coupled: true,
      optional: true,
    },
  ]);
});

Deno.test("limitWrites() writes what turns burst, idle and the disabled OOM killer off", () => {
  const off = { cpu: { burst: 0, idle: 0, shares: 5 }, memory: { disableOOMKiller: false } };
  assertEquals(changed(V1, off), [
    "cpu.idle 0",
    "cpu.shares 5",
    "cpu.cfs_burst_us 0",
    "memory.oom_control 0",
  ]);
  assertEquals(written(V1, off), [["cpu.shares", "5", "cpu.shares"]]);
});
