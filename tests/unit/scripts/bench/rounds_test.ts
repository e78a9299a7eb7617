import { assertEquals, assertRejects } from "@std/assert";
import { ALONE, type Scene, TEN } from "../../../../scripts/bench/cases.ts";
import type { Contender } from "../../../../scripts/bench/contenders.ts";
import { CommandError, type Measure } from "../../../../scripts/bench/measure.ts";
import { measureRounds, rotate } from "../../../../scripts/bench/rounds.ts";

const SAMPLE = { wall: 10, cpu: 20, peakKiB: 2, rssKiB: 5, privateKiB: 2 };

/** A contender that notes in `log` what is asked of it; its command lines are its name and the command's words. */
function contender(name: string, log: string[]): Contender {
  const note = (what: string) => {
    log.push(`${what} ${name}`);
    return Promise.resolve();
  };
  return {
    name,
    prepareCrowd: () => note("prepare"),
    commandLines: (commands) =>
      commands.map((command) => {
        const words = command(undefined as never);
        return words[0] === "wait" ? [...words] : [name, ...words];
      }),
    sweep: () => note("sweep"),
    cleanUp: () => note("clean up"),
  };
}

/** Notes what is measured; what is in `bad` fails. */
function measureInto(log: string[], bad: readonly string[] = []): Measure {
  return (commands, { copies = 1, memory } = {}) => {
    const text = commands.map((words) => words.join(" ")).join("; ");
    if (bad.includes(text)) return Promise.reject(new CommandError([text], 1, "no"));
    log.push(`${text}${copies > 1 ? ` x${copies}` : ""}${memory ? " memory" : ""}`);
    return Promise.resolve(SAMPLE);
  };
}

const scene = (name: string, ...ways: Scene["ways"]): Scene => ({
  steps: [{ name, commands: [() => [name]] }],
  ways,
});

const OPTIONS = { rounds: 2, warmUp: 0, needed: ["a"] };

Deno.test("rotate() starts with the element asked for and keeps the order", () => {
  assertEquals([0, 1, 4].map((by) => rotate(["a", "b", "c"], by).join("")), ["abc", "bca", "bca"]);
});

Deno.test("measureRounds() alternates the contenders and does not count memory and warm-up", async () => {
  const log: string[] = [];
  const contenders = ["a", "b"].map((name) => contender(name, log));
  const scenes = [scene("run", ALONE)];
  const options = { ...OPTIONS, warmUp: 1 };
  const { rows } = await measureRounds(contenders, scenes, measureInto(log), options);
  assertEquals(log.slice(0, 2), ["a run", "b run"]);
  assertEquals(log.slice(8, 12), ["a run", "b run", "b run", "a run"]);
  assertEquals(log.slice(-2), ["clean up a", "clean up b"]);
  assertEquals(rows.map(({ contender, wall }) => [contender, wall]), [
    ["a", [10, 10]],
    ["b", [10, 10]],
  ]);
});

Deno.test("measureRounds() gives ten in a row their turn in every third round, as figures of one", async () => {
  const log: string[] = [];
  const scenes = [scene("run", ALONE, TEN)];
  const options = { ...OPTIONS, rounds: 4 };
  const { rows } = await measureRounds(
    [contender("a", log)],
    scenes,
    measureInto(log),
    options,
  );
  assertEquals(rows, [
    { case: "run", way: "alone", contender: "a", wall: [10, 10, 10, 10], cpu: [20, 20, 20, 20] },
    { case: "run", way: "ten in a row", contender: "a", wall: [1, 1], cpu: [2, 2] },
  ]);
});

Deno.test("measureRounds() reads the memory of single commands, and runs those without a name", async () => {
  const log: string[] = [];
  const scenes: Scene[] = [{
    steps: [
      { name: "create", commands: [() => ["create"]] },
      { commands: [() => ["wait", "pid"]] },
      { name: "life", commands: [() => ["start"], () => ["delete"]] },
    ],
    ways: [ALONE],
  }];
  const { memory, rows } = await measureRounds(
    [contender("a", log)],
    scenes,
    measureInto(log),
    OPTIONS,
  );
  assertEquals(log.slice(0, 3), ["a create memory", "wait pid", "a start; a delete"]);
  assertEquals(memory, [
    { case: "create", contender: "a", privateKiB: [2, 2, 2], sharedKiB: [3, 3, 3] },
  ]);
  assertEquals(rows.map((row) => row.case), ["create", "life"]);
});

Deno.test("measureRounds() makes the containers for list only where it is measured", async () => {
  const log: string[] = [];
  const crowd = { ...scene("list", ALONE), crowd: true } as const;
  await measureRounds([contender("a", log)], [crowd], measureInto(log), OPTIONS);
  assertEquals(log[0], "prepare a");
});

Deno.test("measureRounds() leaves out what a contender cannot do, and tells of it", async () => {
  const log: string[] = [];
  const contenders = ["a", "b"].map((name) => contender(name, log));
  const measure = measureInto(log, ["b pause"]);
  const scenes = [scene("pause", ALONE), scene("run", ALONE)];
  const { rows, failures } = await measureRounds(contenders, scenes, measure, OPTIONS);
  assertEquals(failures, [{ contender: "b", cases: ["pause"], said: "no" }]);
  assertEquals(rows.map((row) => `${row.contender} ${row.case}`), ["a pause", "a run", "b run"]);
  assertEquals(log.filter((line) => line === "sweep b").length, 1);
});

Deno.test("measureRounds() fails with a needed contender, and removes the containers", async () => {
  const log: string[] = [];
  const measure = measureInto(log, ["a run"]);
  const scenes = [scene("run", ALONE)];
  await assertRejects(
    () => measureRounds([contender("a", log)], scenes, measure, OPTIONS),
    CommandError,
    "a run exited with 1: no",
  );
  assertEquals(log, ["clean up a"]);
});

Deno.test("measureRounds() stops before the next scene when it is interrupted", async () => {
  const log: string[] = [];
  const options = { ...OPTIONS, signal: AbortSignal.abort(new Error("stopped")) };
  const scenes = [scene("run", ALONE)];
  await assertRejects(
    () => measureRounds([contender("a", log)], scenes, measureInto(log), options),
    Error,
    "stopped",
  );
  assertEquals(log, ["clean up a"]);
});
