import { assertEquals } from "@std/assert";
import { type Step, STEPS } from "../../../../scripts/bench/contenders.ts";
import {
  type Figures,
  markdown,
  missedGoals,
  summarize,
  type Summary,
} from "../../../../scripts/bench/report.ts";

function runtime(medianMs: number, changed: Partial<Record<Step, Partial<Figures>>> = {}) {
  return Object.fromEntries(
    STEPS.map((step) => [step, { medianMs, iqrMs: 0.5, peakMiB: 30, ...changed[step] }]),
  ) as Record<Step, Figures>;
}

function summary(kago: Record<Step, Figures>): Summary {
  return {
    kago,
    runc: runtime(20),
    crun: runtime(5),
    "empty Deno script": { run: { medianMs: 10, iqrMs: 1, peakMiB: 27 } },
  };
}

Deno.test("summarize() takes the median time and the highest peak of each step with samples", () => {
  const run = [[3, 2048], [1, 1024], [2, 1024]]
    .map(([milliseconds, peakKiB]) => ({ milliseconds: milliseconds!, peakKiB: peakKiB! }));
  const empty = Object.fromEntries(STEPS.map((step) => [step, []]));
  const samples = { ...empty as unknown as Record<Step, never[]>, run };
  assertEquals(summarize(new Map([["x", samples]])), {
    x: { run: { medianMs: 2, iqrMs: 1, peakMiB: 2 } },
  });
});

Deno.test("missedGoals() is empty when every figure is at its limit", () => {
  const kago = runtime(13, {
    run: { medianMs: 20, peakMiB: 45 },
    create: { medianMs: 500 },
    "list of 200": { medianMs: 26 },
  });
  assertEquals(missedGoals(summary(kago)), []);
});

Deno.test("missedGoals() names each figure above its limit", () => {
  const kago = runtime(13, {
    run: { medianMs: 21 },
    "run with limits": { medianMs: 22 },
    "run with seccomp": { medianMs: 24 },
    kill: { medianMs: 13.2 },
    "list of 200": { medianMs: 26.3 },
    delete: { peakMiB: 45.5 },
  });
  assertEquals(missedGoals(summary(kago)), [
    "run takes 1.05 times as long as runc, at most 1",
    "run with limits takes 1.10 times as long as runc, at most 1",
    "run with seccomp takes 1.20 times as long as runc, at most 1",
    "kill takes 1.32 times as long as an empty Deno script, at most 1.3",
    "list of 200 takes 2.02 times as long as list of 20, at most 2",
    "delete needs 45.5 MiB, at most 45",
  ]);
});

Deno.test("markdown() shows times with ratios, memory, and the empty script", () => {
  const lines = markdown(summary(runtime(15))).split("\n");
  assertEquals(lines.slice(0, 3), [
    "| ms, median (IQR) | kago | runc | crun | kago / runc | kago / crun | kago / empty Deno script |",
    "| --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    "| run | 15.0 (0.5) | 20.0 (0.5) | 5.0 (0.5) | 0.75 | 3.00 | 1.50 |",
  ]);
  assertEquals(lines[STEPS.length + 3], "| peak memory, MiB | kago | runc | crun |");
  assertEquals(lines.at(-1), "empty Deno script: 10.0 (1.0) ms, 27.0 MiB");
});
