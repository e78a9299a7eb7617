import { assertEquals } from "@std/assert";
import { microvmMarkdown, microvmMisses } from "../../../../scripts/bench/microvm_report.ts";

const MIB = 1024;
const KAGO = { name: "kago", firstLine: [90, 95, 95], rss: 60 * MIB, pss: 59 * MIB };
const CRUN = { name: "crun", firstLine: [100, 100, 100], rss: 60 * MIB, pss: 59 * MIB };
const RUN = {
  ...{ date: "2026-12-01T08:00Z", kernel: "6.12.1", emulated: true },
  ...{ kago: KAGO, crun: CRUN },
};

Deno.test("microvmMisses() is empty where time and memory are at their limits", () => {
  assertEquals(microvmMisses(RUN), []);
});

Deno.test("microvmMisses() names a slower guest, and each memory above crun's", () => {
  const kago = { ...KAGO, firstLine: [96, 96, 200], rss: 61 * MIB, pss: 60 * MIB };
  assertEquals(microvmMisses({ ...RUN, kago }), [
    "the first line takes 0.96 times crun's time, at most 0.95",
    "the VMM's rss is 61.0 MiB, crun's 60.0",
    "the VMM's pss is 60.0 MiB, crun's 59.0",
  ]);
});

Deno.test("microvmMarkdown() has the conditions, both VMMs and the goals", () => {
  assertEquals(microvmMarkdown(RUN).split("\n"), [
    "2026-12-01T08:00Z: Linux 6.12.1, emulated, 3 pairs.",
    "",
    "| | run to the first line, ms: median (quartiles) | VMM, Rss MiB | VMM, Pss MiB |",
    "|---|---:|---:|---:|",
    "| kago | 95 (93–95) | 60.0 | 59.0 |",
    "| crun | 100 (100–100) | 60.0 | 59.0 |",
    "",
    "First line, kago / crun: 0.95 (0.93–0.95). The goals are reached.",
  ]);
});
