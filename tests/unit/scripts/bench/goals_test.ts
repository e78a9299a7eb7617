import { assertEquals } from "@std/assert";
import { goalText, judge, missText, type Verdict } from "../../../../scripts/bench/goals.ts";
import type { Samples } from "../../../../scripts/bench/samples.ts";

/** One round's milliseconds of a case by contender, wall and CPU alike. */
function times(name: string, way: string, byContender: Record<string, number>): Samples["rows"] {
  return Object.entries(byContender).map(([contender, value]) => ({
    ...{ case: name, way, contender },
    ...{ wall: [value], cpu: [value] },
  }));
}

function samples(rows: Samples["rows"], memory: Samples["memory"] = []): Samples {
  return { rows, memory, failures: [] };
}

const texts = (verdicts: readonly Verdict[]) =>
  verdicts.map((one) => `${one.way}, ${one.figure}: ${goalText(one)}: ${one.reached}`);

Deno.test("judge() holds a short command to a quarter of runc's time, and below crun's", () => {
  const rows = times("state", "alone", { kago: 1, runc: 4, crun: 1 });
  assertEquals(texts(judge(samples(rows))), [
    "alone, wall: at most 0.25 × runc: true",
    "alone, wall: faster than crun: false",
  ]);
});

Deno.test("judge() holds run to different ratios alone, in a row and at once", () => {
  const rows = ["alone", "ten in a row", "20 at once", "100 at once"]
    .flatMap((way) => times("run", way, { kago: 96, runc: 100 }));
  assertEquals(texts(judge(samples(rows))), [
    "alone, wall: at most 0.95 × runc: false",
    "ten in a row, wall: at most 1 × runc: true",
    "alone, cpu: at most 0.9 × runc: false",
    "ten in a row, cpu: at most 0.9 × runc: false",
    "100 at once, wall: at most 0.9 × runc: false",
    "100 at once, cpu: at most 0.9 × runc: false",
  ]);
});

Deno.test("judge() compares within rounds, which a slow moment hits alike", () => {
  const rows = [
    { case: "exec", way: "alone", contender: "kago", wall: [10, 90, 30], cpu: [] },
    { case: "exec", way: "alone", contender: "runc", wall: [20, 100, 20], cpu: [] },
  ];
  assertEquals(judge(samples(rows))[0]!.value, 0.9);
});

Deno.test("judge() bounds the private memory of every command", () => {
  const memory = ["run", "list of 200"].map((name, at) => ({
    ...{ case: name, contender: "kago" },
    ...{ privateKiB: [8192 + at, 8192 + at, 9999], sharedKiB: [] },
  }));
  const verdicts = judge(samples([], memory));
  assertEquals(verdicts.map(({ reached }) => reached), [true, false]);
  assertEquals(goalText(verdicts[0]!), "at most 8 MiB");
});

Deno.test("judge() says nothing where a contender has no figures", () => {
  assertEquals(judge(samples(times("run", "alone", { kago: 1, crun: 1 }))), []);
});

Deno.test("missText() names the case, the value and the limit", () => {
  const [time] = judge(samples(times("life, ctr", "alone", { kago: 9, runc: 10 })));
  assertEquals(
    missText(time!),
    "life, ctr, alone: 0.90 times the processor time of runc, the limit is 0.8",
  );
  const row = { case: "run", contender: "kago", privateKiB: [9216], sharedKiB: [] };
  const [memory] = judge(samples([], [row]));
  assertEquals(missText(memory!), "run, alone: 9.0 MiB of private memory, at most 8");
});
