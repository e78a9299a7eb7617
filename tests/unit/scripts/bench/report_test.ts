import { assertEquals, assertThrows } from "@std/assert";
import { asJson, intoPage, markdown } from "../../../../scripts/bench/report.ts";

const CONDITIONS = {
  date: "2026-12-01T08:00Z",
  kernel: "6.12.1",
  release: "Debian 13",
  processors: "2 × EPYC",
  cgroups: "v1",
  versions: { kago: "1.0", runc: "1.1.5", crun: "1.8.1" },
  rounds: 3,
  load: [0.1, 1.52],
  othersShare: [0.01, 0.02],
};

const row = (contender: string, ...wall: number[]) => ({
  ...{ case: "state", way: "alone", contender, wall },
  cpu: wall.map((value) => value / 2),
});

const SAMPLES = {
  rows: [row("kago", 1, 2, 3), row("runc", 8, 8, 8)],
  memory: [{ case: "state", contender: "kago", privateKiB: [1024], sharedKiB: [2048] }],
  failures: [{ contender: "crun", cases: ["state", "kill"], said: "no\nnever" }],
};

Deno.test("markdown() has the conditions, both times, memory, the goals and what is missing", () => {
  assertEquals(markdown({ conditions: CONDITIONS, samples: SAMPLES }).split("\n"), [
    "2026-12-01T08:00Z: kago 1.0, runc 1.1.5, crun 1.8.1; Debian 13, Linux 6.12.1, cgroup v1, " +
    "2 × EPYC; 3 rounds; load average 0.10 before and 1.52 after; others took 2 % of the processors.",
    "",
    "| ms of one container, median (quartiles) | kago | runc | crun | kago / runc | kago / crun | goals |",
    "| --- | ---: | ---: | ---: | ---: | ---: | --- |",
    "| state, alone | 2.0 (1.5–2.5) | 8.0 (8.0–8.0) |  | 0.25 (0.19–0.31) |  | at most 0.25 × runc: reached |",
    "",
    "| ms of processor time of one container | kago | runc | crun | kago / runc | kago / crun | goals |",
    "| --- | ---: | ---: | ---: | ---: | ---: | --- |",
    "| state, alone | 1.0 (0.8–1.3) | 4.0 (4.0–4.0) |  | 0.25 (0.19–0.31) |  |  |",
    "",
    "| memory at the end, MiB: private + shared | kago | runc | crun | goal |",
    "| --- | ---: | ---: | ---: | --- |",
    "| state | 1.0 + 2.0 |  |  | at most 8 MiB: reached |",
    "",
    "2 of 2 goals are reached.",
    "",
    "Without crun: state; kill. It said: no",
  ]);
});

Deno.test("asJson() keeps the samples beside the figures", () => {
  const { conditions, samples, figures, goals } = JSON.parse(
    asJson({ conditions: CONDITIONS, samples: SAMPLES }),
  );
  assertEquals([conditions, samples], [CONDITIONS, SAMPLES]);
  assertEquals(figures[0].wallMs, { median: 2, low: 1.5, high: 2.5 });
  assertEquals(figures[0].ratios.runc.wall, { median: 0.25, low: 0.1875, high: 0.3125 });
  assertEquals(goals.map((goal: { reached: boolean }) => goal.reached), [true, true]);
});

Deno.test("intoPage() replaces what is between the marks, and nothing else", () => {
  const page = intoPage(
    "before\n<!-- bench: deno task bench --readme -->\nold\n<!-- /bench -->\nafter\n",
    "new",
  );
  const expected =
    "before\n<!-- bench: deno task bench --readme -->\n\nnew\n\n<!-- /bench -->\nafter\n";
  assertEquals(page, expected);
  assertEquals(intoPage(page, "new"), expected);
  assertThrows(() => intoPage("a page", "new"), Error, "no place for figures");
});

Deno.test("README.md has the place for the tables", async () => {
  const readme = await Deno.readTextFile(new URL("../../../../README.md", import.meta.url));
  assertEquals(intoPage(intoPage(readme, "a"), "b"), intoPage(readme, "b"));
});
