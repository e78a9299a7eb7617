import { assertEquals } from "@std/assert";
import { elasticMemory, VMM_RAM_MIB } from "../../../../../executors/libkrun/settings/defaults.ts";
import { guestLimitOps, guestLimits } from "../../../../../executors/libkrun/guest/limits.ts";

const MIB = 1 << 20;

Deno.test("guestLimits() says nothing of memory that is fixed, nor of what is not given", () => {
  assertEquals(guestLimits({}, undefined), undefined);
  assertEquals(guestLimits({ memory: { limit: 512 * MIB } }, undefined), undefined);
  assertEquals(guestLimits({ memory: { limit: 0 }, cpu: { quota: 0 } }, 128 * MIB), undefined);
  assertEquals(guestLimits({ pids: { limit: 10 } }, 128 * MIB), undefined);
});

Deno.test("guestLimits() takes off what the processes do not get, and leaves at least a page", () => {
  const memory = (limit: number | bigint) => guestLimits({ memory: { limit } }, 128 * MIB)?.memory;
  assertEquals(memory(512 * MIB), BigInt(384 * MIB));
  assertEquals(memory(9223372036854775807n), 9223372036854775807n - BigInt(128 * MIB));
  assertEquals(memory(100 * MIB), 4096n);
  assertEquals(memory(-1), -1n);
});

Deno.test("guestLimits() has quota and period as they are given, each for itself", () => {
  const cpu = (quota?: number, period?: number) =>
    guestLimits({ cpu: { ...(quota && { quota }), ...(period && { period }) } }, undefined);
  assertEquals(cpu(50_000, 100_000), { memory: 0n, quota: 50_000n, period: 100_000n });
  assertEquals(cpu(-1), { memory: 0n, quota: -1n, period: 0n });
  assertEquals(cpu(undefined, 20_000), { memory: 0n, quota: 0n, period: 20_000n });
});

Deno.test("guestLimitOps() limits a guest from its start, where there are limits", () => {
  const resources = { memory: { limit: 512 * MIB }, cpu: { quota: 50_000 } };
  assertEquals(guestLimitOps(resources, 128 * MIB), [{
    op: "guestLimits",
    memory: BigInt(384 * MIB),
    quota: 50_000n,
    period: 0n,
    from: "linux.resources",
  }]);
  assertEquals(guestLimitOps({ memory: { limit: -1 }, cpu: { quota: -1 } }, 128 * MIB), []);
  assertEquals(guestLimitOps({}, 128 * MIB), []);
});

Deno.test("elasticMemory() counts the VMM, the guest's kernel and the table of its pages", () => {
  const { outside, least } = elasticMemory(4096);
  assertEquals(outside, (VMM_RAM_MIB + 32 + 64) * MIB);
  assertEquals(least, outside + 32 * MIB);
});
