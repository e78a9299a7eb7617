import { assertEquals, assertThrows } from "@std/assert";
import {
  encodeGuestPlan,
  encodeHookPlan,
  encodePlan,
  OPCODES,
} from "../../../runtime/plan/encode.ts";
import type { Op, Plan } from "../../../runtime/plan/op.ts";

const EMPTY: Plan = { intermediate: [], init: [], vmm: [] };

Deno.test("encodePlan() writes the header that helper-c/common/plan.h reads", () => {
  assertEquals([...encodePlan(EMPTY)], [
    ...[0x4b, 0x47, 0x4f, 0x31],
    ...[28, 0, 0, 0],
    ...Array(20).fill(0),
  ]);
});

Deno.test("a guest's plan and Main's hooks have stages of their own, and a container's plan holds neither", () => {
  const ops: readonly Op[] = [{ op: "setsid" }, { op: "setsid" }];
  const counts = (plan: Uint8Array<ArrayBuffer>) => [...new Uint32Array(plan.buffer, 8, 5)];
  const setsid: readonly Op[] = [{ op: "setsid" }];
  assertEquals(counts(encodePlan({ intermediate: ops, init: setsid, vmm: ops, guest: ops })), [
    2,
    1,
    2,
    0,
    0,
  ]);
  assertEquals(counts(encodeGuestPlan(ops)), [0, 0, 0, 2, 0]);
  assertEquals(counts(encodeHookPlan(ops)), [0, 0, 0, 0, 2]);
});

Deno.test("encodePlan() writes numbers, strings and lists as the format says", () => {
  const plan: Plan = {
    ...EMPTY,
    init: [{ op: "rlimit", resource: 7, soft: 1n, hard: 2n ** 64n - 1n }, {
      op: "exec",
      args: ["ü", ""],
      env: [],
    }],
  };
  assertEquals([...encodePlan(plan).subarray(28)], [
    ...[OPCODES.rlimit, 0, 0, 0, 20, 0, 0, 0],
    ...[7, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, ...Array(8).fill(255)],
    ...[OPCODES.exec, 0, 0, 0, 20, 0, 0, 0],
    ...[2, 0, 0, 0, 2, 0, 0, 0, 0xc3, 0xbc, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
  ]);
});

Deno.test("encodePlan() writes a list of long numbers", () => {
  const call = {
    op: "krunCall",
    function: "f",
    wantedBy: "",
    ifIsolated: 0,
    keepResult: 1,
    kinds: [2],
    numbers: [2n ** 64n - 2n],
    texts: [],
  } as const;
  assertEquals([...encodePlan({ ...EMPTY, vmm: [call] }).subarray(36)], [
    ...[1, 0, 0, 0, 0x66, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0],
    ...[1, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 254, ...Array(7).fill(255), 0, 0, 0, 0],
  ]);
});

Deno.test("encodePlan() takes more than its first buffer holds", () => {
  const args = Array.from({ length: 5000 }, (_, i) => `argument ${i}`);
  const plan: Plan = { ...EMPTY, init: [{ op: "exec", args, env: ["x".repeat(200_000)] }] };
  const encoded = encodePlan(plan);
  assertEquals(new DataView(encoded.buffer).getUint32(4, true), encoded.length);
});

Deno.test("encodePlan() refuses a NUL byte, which C would take for the end", () => {
  const plan: Plan = { ...EMPTY, init: [{ op: "sethostname", name: "a\0b" }] };
  assertThrows(() => encodePlan(plan), TypeError, "NUL");
});
