import { assertEquals } from "@std/assert";
import { deviceProgram } from "../../../../runtime/cgroup/devices/device_program.ts";
import type { DeviceCgroup } from "../../../../runtime/spec/spec.ts";

const BITS: Readonly<Record<string, number>> = { m: 1, r: 2, w: 4 };

/** What the kernel would say to this access, by an interpreter of the few instructions that the programs are made of. */
function verdict(code: Uint8Array, type: "b" | "c", major: number, minor: number, access: string) {
  const bits = [...access].reduce((sum, letter) => sum | BITS[letter]!, 0);
  const context = [bits << 16 | (type === "b" ? 1 : 2), major, minor];
  const view = new DataView(code.buffer, code.byteOffset, code.byteLength);
  const registers = new Uint32Array(11);
  for (let at = 0, steps = 0;; at += 8) {
    if (++steps > 4096) throw new Error("the program does not end");
    const opcode = view.getUint8(at);
    const [to, from] = [view.getUint8(at + 1) & 0xf, view.getUint8(at + 1) >> 4];
    const [offset, value] = [view.getInt16(at + 2, true), view.getInt32(at + 4, true)];
    switch (opcode) {
      case 0x61:
        assertEquals(from, 1, "loads come from the context");
        registers[to] = context[offset / 4]!;
        break;
      case 0x69:
        assertEquals([from, offset], [1, 0], "half a load is for the type");
        registers[to] = context[0]! & 0xffff;
        break;
      case 0xb4:
        registers[to] = value;
        break;
      case 0x54:
        registers[to]! &= value;
        break;
      case 0x74:
        registers[to]! >>>= value;
        break;
      case 0x56:
        if (registers[to] !== value >>> 0) at += offset * 8;
        break;
      case 0x46:
        if ((registers[to]! & value) !== 0) at += offset * 8;
        break;
      case 0x05:
        at += offset * 8;
        break;
      case 0x95:
        return registers[0] === 1;
      default:
        throw new Error(`unknown opcode ${opcode} at ${at}`);
    }
  }
}

/** `c 1:3 rw` allowed or not, for each given. */
function verdicts(rules: readonly DeviceCgroup[], ...accesses: string[]): boolean[] {
  const { code } = deviceProgram(rules);
  return accesses.map((text) => {
    const [, type, major, minor, access] = /^([bc]) (\d+):(\d+) (\w+)$/.exec(text)!;
    return verdict(code, type as "b" | "c", Number(major), Number(minor), access!);
  });
}

Deno.test("deviceProgram() without rules allows making nodes and the default devices, and no more", () => {
  for (const rules of [[], [{ allow: false, access: "rwm" }]]) {
    assertEquals(
      verdicts(rules, "c 1:3 rw", "c 136:7 rwm", "c 5:2 w", "c 99:1 m", "b 8:0 m"),
      [true, true, true, true, true],
    );
    assertEquals(
      verdicts(rules, "c 1:1 r", "b 8:0 r", "c 99:1 rm", "b 1:3 r", "c 10:200 rw"),
      [false, false, false, false, false],
    );
  }
});

Deno.test("deviceProgram() allows what a rule allows: these accesses, this device", () => {
  const rules: DeviceCgroup[] = [
    { allow: false },
    { allow: true, type: "c", major: 10, minor: 232, access: "rw" },
    { allow: true, type: "b", major: 7, access: "r" },
  ];
  assertEquals(verdicts(rules, "c 10:232 rw", "c 10:232 r", "b 7:0 r", "b 7:99 rm"), [
    true,
    true,
    true,
    true,
  ]);
  assertEquals(verdicts(rules, "c 10:231 r", "b 10:232 r", "b 7:0 w", "c 7:0 r"), [
    false,
    false,
    false,
    false,
  ]);
});

Deno.test("deviceProgram() asks the last rule that covers an access, each access by itself", () => {
  const device = { type: "c", major: 10, minor: 200 };
  const rules: DeviceCgroup[] = [
    { ...device, allow: true, access: "r" },
    { ...device, allow: true, access: "w" },
    { ...device, allow: false, access: "w" },
  ];
  assertEquals(verdicts(rules, "c 10:200 r", "c 10:200 w", "c 10:200 rw"), [true, false, false]);
  rules.push({ ...device, allow: true, access: "w" });
  assertEquals(verdicts(rules, "c 10:200 rw", "c 10:200 rwm"), [true, true]);
});

Deno.test("deviceProgram() takes one device out of many, which v1 cannot", () => {
  const rules: DeviceCgroup[] = [
    { allow: true, type: "c", major: 10, access: "rw" },
    { allow: false, type: "c", major: 10, minor: 200, access: "w" },
  ];
  assertEquals(verdicts(rules, "c 10:199 rw", "c 10:200 r", "c 10:200 rw"), [true, true, false]);
});

Deno.test("deviceProgram() of a privileged container is none", () => {
  for (const access of ["rwm", ""]) {
    const { code } = deviceProgram([{ allow: false }, { allow: true, access }, {
      allow: true,
      type: "c",
      major: 1,
      minor: 1,
    }]);
    assertEquals(code.length, 0);
  }
});

Deno.test("deviceProgram() denies single devices where all others are allowed, defaults too", () => {
  const rules: DeviceCgroup[] = [
    { allow: true },
    { allow: false, type: "b", access: "w" },
    { allow: false, type: "c", major: 1, minor: 3 },
  ];
  assertEquals(verdicts(rules, "c 10:1 rwm", "b 8:0 rm", "b 8:0 rw", "c 1:3 r"), [
    true,
    true,
    false,
    false,
  ]);
});

Deno.test("deviceProgram() applies a rule of both kinds, and compares numbers of 32 bits", () => {
  const rules: DeviceCgroup[] = [
    { allow: true, type: "a", major: 4294967295, minor: 0x80000000, access: "r" },
  ];
  assertEquals(verdicts(rules, "c 4294967295:2147483648 r", "b 4294967295:2147483648 r"), [
    true,
    true,
  ]);
  assertEquals(verdicts(rules, "c 4294967295:0 r"), [false]);
});

Deno.test("deviceProgram() can be dispensed with unless a rule denies, or leaves an access out", () => {
  assertEquals(deviceProgram([]).dispensable, true);
  assertEquals(deviceProgram([{ allow: true, type: "c", major: 1 }]).dispensable, true);
  assertEquals(deviceProgram([{ allow: true, type: "c", access: "rw" }]).dispensable, false);
  assertEquals(deviceProgram([{ allow: false }]).dispensable, false);
});

Deno.test("deviceProgram() of a rule is these instructions", () => {
  const { code } = deviceProgram([{ allow: true }, {
    allow: false,
    type: "c",
    major: 10,
    access: "w",
  }]);
  const words = [...new BigUint64Array(code.buffer)].map((word) => word.toString(16));
  assertEquals(words, [
    "1361", // r3 = context.access_type
    "1000000374", // r3 >>= 16
    "1269", // r2 = its lower half
    "200060256", // unless r2 is a character device, 6 on
    "41261", // r2 = context.major
    "a00040256", // unless r2 is 10, 4 on
    "400010346", // if r3 has w, 1 on
    "20005", // 2 on
    "b4", // denied
    "95",
    "1000000b4", // allowed
    "95",
  ]);
});
