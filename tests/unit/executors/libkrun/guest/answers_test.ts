import { assert, assertEquals } from "@std/assert";
import { guestTable } from "../../../../../executors/libkrun/guest/ps.ts";
import {
  type GuestProcesses,
  readFigures,
  readProcesses,
} from "../../../../../executors/libkrun/guest/answers.ts";
import { Prng } from "../../../../differential/prng.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const GOOD = bytes("1\t0\t0\t250\tsh\n12\t1\t1000\t99999\tsl\u00e9ep (x) 1\n0\t0\t0\t0\tout\n");

Deno.test("readProcesses() sorts by pid and leaves out who has none", () => {
  assertEquals(readProcesses(bytes("12\t1\t7\t3\tb\n0\t0\t0\t9\tout\n2\t1\t4294967295\t0\t\n")), {
    processes: [
      { pid: 2, ppid: 1, uid: 2 ** 32 - 1, cpu: 0n, name: "" },
      { pid: 12, ppid: 1, uid: 7, cpu: 30_000_000n, name: "b" },
    ],
    leftOut: 0,
  });
  assertEquals(readProcesses(bytes("")), { processes: [], leftOut: 0 });
  assertEquals(readProcesses(bytes("+9999999\n")), { processes: [], leftOut: 9999999 });
});

Deno.test("readProcesses() takes numbers up to their bounds, and names that are printable", () => {
  const name = (text: string) => readProcesses(bytes(`1\t0\t0\t0\t${text}\n`))?.processes[0]?.name;
  assertEquals(name("x".repeat(31)), "x".repeat(31));
  assertEquals(name("x".repeat(32)), undefined);
  assertEquals(name("\x1b[31m\x7f\u009b\u202e\u2028\u200b\ue000\r"), "?[31m???????");
  assertEquals(name("\u6f22 \u{1f600}\u00e9"), "\u6f22 \u{1f600}\u00e9");
  const isRead = (line: string) => readProcesses(bytes(`${line}\n`)) !== undefined;
  assert(isRead("4194304\t4194304\t4294967295\t999999999999999999\tx"));
  for (
    const line of [
      "4194305\t0\t0\t0\tx",
      "1\t4194305\t0\t0\tx",
      "1\t0\t4294967296\t0\tx",
      "1\t0\t0\t1000000000000000000\tx",
      ...[
        "",
        "1\t0\t0\t0",
        "1\t0\t0\t0\tx\ty",
        " 1\t0\t0\t0\tx",
        "1\t0\t0\t-1\tx",
        "0x1\t0\t0\t0\tx",
      ],
      ...["+", "+1\n1\t0\t0\t0\tx", "+10000000", "+1\n+1", "\u0661\t0\t0\t0\tx"],
    ]
  ) assert(!isRead(line), line);
  assertEquals(readProcesses(bytes("1\t0\t0\t0\tx")), undefined);
  // Bytes that are no UTF-8.
  const bad = readProcesses(new Uint8Array([...bytes("1\t0\t0\t0\t"), 0xff, 0xc2, 10]));
  assertEquals(bad?.processes[0]?.name, "\ufffd\ufffd");
});

Deno.test("readFigures() takes six figures of 64 bits, and no nanoseconds that are more", () => {
  const of = (...figures: bigint[]) =>
    readFigures(new Uint8Array(new BigUint64Array(figures).buffer));
  const max = 2n ** 64n - 1n;
  assertEquals(of(max, 1n, 2n, max / 1000n, 3n, 4n), {
    memory: { total: max, available: 1n, usage: 2n, oomKills: 4n },
    cpu: { usage: max / 1000n * 1000n },
    pids: { current: 3n },
  });
  assertEquals(of(0n, 0n, 0n, max / 1000n + 1n, 0n, 0n), undefined);
  assertEquals(of(1n, 2n, 3n, 4n, 5n), undefined);
  assertEquals(of(1n, 2n, 3n, 4n, 5n, 6n, 7n), undefined);
  // In the middle of a larger buffer, as an answer is.
  const buffer = new Uint8Array(64).fill(7, 3, 51).fill(0, 33, 35);
  assertEquals(readFigures(buffer.subarray(3, 51))?.pids.current, 0x0707070707070707n);
});

Deno.test("guestTable() has a line for each process, and one for those that are missing", () => {
  const list: GuestProcesses = {
    processes: [
      { pid: 1, ppid: 0, uid: 0, cpu: 3_661_999_999_999n, name: "init" },
      { pid: 4194304, ppid: 1, uid: 4294967295, cpu: 9_999_999_999_999_999n, name: "a b" },
    ],
    leftOut: 5,
  };
  assertEquals(
    guestTable(list),
    "UID          PID    PPID     TIME CMD\n" +
      "0              1       0 01:01:01 init\n" +
      "4294967295 4194304       1 2777:46:39 a b\n" +
      "… and 5 more, which did not fit into the guest's answer\n",
  );
  assertEquals(
    guestTable({ processes: [], leftOut: 0 }),
    "UID          PID    PPID     TIME CMD\n",
  );
});

const INPUTS = 1_000_000;
/** What changes the form: separators, digits, signs, the beginnings of escape sequences, halves of characters. */
const SPICE = [9, 10, 0x30, 0x39, 0x2b, 0x2d, 0x20, 0x1b, 0x7f, 0, 0xc2, 0x9b, 0xe2, 0x80, 0xff];
const UNPRINTABLE = /[\p{C}\p{Zl}\p{Zp}]/u;

/** A list with some bytes changed, cut or moved; rarely nothing but such bytes. */
function mutate(prng: Prng, buffer: Uint8Array): Uint8Array {
  buffer.set(GOOD);
  const size = prng.below(3) === 0 ? prng.below(GOOD.length + 1) : GOOD.length;
  const changes = prng.below(16) === 0 ? size : prng.below(4);
  for (let i = 0; i < changes; i++) {
    buffer[prng.below(GOOD.length)] = prng.below(4) === 0
      ? prng.below(256)
      : SPICE[prng.below(SPICE.length)]!;
  }
  return buffer.subarray(0, size);
}

Deno.test("a million lists that lie are read within bounds, or not at all", () => {
  const prng = new Prng(1);
  const buffer = new Uint8Array(GOOD.length);
  let taken = 0;
  for (let i = 0; i < INPUTS; i++) {
    const list = readProcesses(mutate(prng, buffer));
    if (!list) continue;
    taken++;
    let last = 0;
    for (const { pid, ppid, uid, cpu, name } of list.processes) {
      const isBounded = pid >= last && pid > 0 && pid <= 4194304 && ppid >= 0 && ppid <= 4194304 &&
        uid >= 0 && uid < 2 ** 32 && cpu >= 0n && cpu < 10n ** 25n && name.length <= 31;
      if (!isBounded || UNPRINTABLE.test(name)) throw new Error(`${i}: ${buffer}`);
      last = pid;
    }
    const lines = guestTable(list).split("\n");
    const expected = list.processes.length + (list.leftOut > 0 ? 3 : 2);
    if (lines.length !== expected) throw new Error(`${i}: ${buffer}`);
  }
  // Both ways are taken often enough.
  assert(taken > INPUTS / 20 && taken < INPUTS * 19 / 20, `${taken} lists were read`);
});

Deno.test("a million answers for figures are six numbers of 64 bits, or none", () => {
  const prng = new Prng(2);
  const buffer = new Uint8Array(56);
  let taken = 0;
  for (let i = 0; i < INPUTS; i++) {
    const size = prng.below(2) === 0 ? 48 : prng.below(57);
    for (let change = 0; change < 4; change++) buffer[prng.below(48)] = prng.below(256);
    // As microseconds that fit, at times.
    if (prng.below(2) === 0) buffer.fill(0, 30, 32);
    const figures = readFigures(buffer.subarray(0, size));
    if (!figures) continue;
    taken++;
    const { memory, cpu, pids } = figures;
    const all = [...Object.values(memory), cpu.usage, pids.current];
    if (size !== 48 || !all.every((one) => one >= 0n && one < 1n << 64n)) throw new Error(`${i}`);
  }
  assert(taken > INPUTS / 20 && taken < INPUTS * 19 / 20, `${taken} answers were read`);
});
