import { assertEquals } from "@std/assert";
import {
  cpusWithin,
  ramMibWithin,
  VMM_RAM_MIB,
} from "../../../../../executors/libkrun/settings/defaults.ts";
import type { CpuResources, Int64 } from "../../../../../runtime/spec/spec.ts";

const MIB = 1024 * 1024;

function cpus(cpu: CpuResources): number | undefined {
  return cpusWithin({ cpu }, 16);
}

function ramMib(limit: Int64): number | undefined {
  return ramMibWithin({ memory: { limit } }, 128, 1024 * 1024);
}

Deno.test("cpusWithin() is undefined without a limit", () => {
  assertEquals(cpusWithin({}, 16), undefined);
  assertEquals(cpus({ quota: -1, period: 100_000 }), undefined);
  assertEquals(cpus({ quota: 0 }), undefined);
});

Deno.test("cpusWithin() rounds the quota up to whole vCPUs", () => {
  assertEquals(cpus({ quota: 150_000, period: 100_000 }), 2);
  assertEquals(cpus({ quota: 10_000, period: 100_000 }), 1);
  assertEquals(cpus({ quota: 100_000, period: 50_000 }), 2);
});

Deno.test("cpusWithin() takes the kernel's period for a quota without one", () => {
  assertEquals(cpus({ quota: 300_000 }), 3);
});

Deno.test("cpusWithin() counts each CPU of the cpuset once", () => {
  assertEquals(cpus({ cpus: "0-3,7" }), 5);
  assertEquals(cpus({ cpus: " 1, 1 ,0-2" }), 3);
  assertEquals(cpus({ cpus: "3" }), 1);
});

Deno.test("cpusWithin() takes the tighter of quota and cpuset", () => {
  assertEquals(cpus({ quota: 800_000, period: 100_000, cpus: "0-1" }), 2);
  assertEquals(cpus({ quota: 200_000, period: 100_000, cpus: "0-7" }), 2);
});

Deno.test("cpusWithin() stops at what a microVM can have", () => {
  assertEquals(cpus({ cpus: "0-63" }), 16);
  assertEquals(cpus({ quota: 9_000_000_000_000_000_000n, period: 1000 }), 16);
});

Deno.test("cpusWithin() leaves a malformed cpuset to the cgroup controller", () => {
  assertEquals(cpus({ cpus: "3-1" }), undefined);
  assertEquals(cpus({ cpus: "a" }), undefined);
  assertEquals(cpus({ cpus: "0-99999" }), undefined);
});

Deno.test("ramMibWithin() is undefined without a limit", () => {
  assertEquals(ramMibWithin({}, 128, 1024 * 1024), undefined);
  assertEquals(ramMib(-1), undefined);
  assertEquals(ramMib(0), undefined);
  assertEquals(ramMib(9223372036854771712n), undefined);
});

Deno.test("ramMibWithin() leaves room for the VMM below the limit", () => {
  assertEquals(ramMib(512 * MIB), 512 - VMM_RAM_MIB);
  assertEquals(ramMib(512 * MIB + 1), 512 - VMM_RAM_MIB);
});

Deno.test("ramMibWithin() gives the guest what it needs to boot, whatever the limit", () => {
  assertEquals(ramMib(64 * MIB), 128);
  assertEquals(ramMib(1), 128);
});
