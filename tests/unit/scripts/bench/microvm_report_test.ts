import { assertEquals } from "@std/assert";
import { microvmMarkdown, microvmMisses } from "../../../../scripts/bench/microvm_report.ts";

const MIB = 1024;

function figures(name: string, firstLines: readonly number[], rss: number) {
  const rounds = firstLines.map((firstLine) => ({
    ...{ firstLine, inGuest: 80 },
    ...{ rss: rss * MIB, pss: (rss - 1) * MIB },
  }));
  return { name, rounds };
}

const KAGO = figures("kago", [90, 95, 95], 60);
const CRUN = figures("crun", [100, 100, 100], 60);
const RUN = {
  ...{ date: "2026-12-01T08:00Z", kernel: "6.12.1", emulated: true },
  ...{ kago: KAGO, crun: CRUN },
};

Deno.test("microvmMisses() is empty where time and memory are at their limits", () => {
  assertEquals(microvmMisses(RUN), []);
});

Deno.test("microvmMisses() names a slower guest, and each memory above crun's", () => {
  const kago = figures("kago", [96, 96, 200], 61);
  assertEquals(microvmMisses({ ...RUN, kago }), [
    "the first line takes 0.96 times crun's time, at most 0.95",
    "the VMM's rss is 61.0 MiB, crun's 60.0",
    "the VMM's pss is 60.0 MiB, crun's 59.0",
  ]);
});

Deno.test("microvmMarkdown() has the conditions, both VMMs and the goals", () => {
  assertEquals(microvmMarkdown(RUN).split("\n"), [
    "2026-12-01T08:00Z: Linux 6.12.1, emulated, 3 pairs; medians (quartiles).",
    "",
    "| | run to the first line, ms | of it outside the guest | VMM, Rss MiB | VMM, Pss MiB |",
    "|---|---:|---:|---:|---:|",
    "| kago | 95 (93–95) | 15 (13–15) | 60.0 (60.0–60.0) | 59.0 (59.0–59.0) |",
    "| crun | 100 (100–100) | 20 (20–20) | 60.0 (60.0–60.0) | 59.0 (59.0–59.0) |",
    "",
    "First line, kago / crun: 0.95 (0.93–0.95). The goals are reached.",
  ]);
});
