import { assertEquals, assertRejects } from "@std/assert";
import type { Contender } from "../../../../scripts/bench/contenders.ts";
import { measureRounds, rotate } from "../../../../scripts/bench/rounds.ts";

const SAMPLE = { milliseconds: 1, peakKiB: 2 };
const measure = () => Promise.resolve(SAMPLE);

/** A contender that notes in `log` what is asked of it. */
function contender(name: string, log: string[], failure?: Error): Contender {
  return {
    name,
    prepare() {
      log.push(`prepare ${name}`);
      return Promise.resolve();
    },
    async measureRound(measure) {
      log.push(name);
      if (failure !== undefined) throw failure;
      return { run: await measure([name]) };
    },
    cleanUp() {
      log.push(`clean up ${name}`);
      return Promise.resolve();
    },
  };
}

Deno.test("rotate() starts with the element asked for and keeps the order", () => {
  assertEquals([0, 1, 4].map((by) => rotate(["a", "b", "c"], by).join("")), ["abc", "bca", "bca"]);
});

Deno.test("measureRounds() alternates the order and does not count the warm-up", async () => {
  const log: string[] = [];
  const contenders = ["a", "b"].map((name) => contender(name, log));
  const results = await measureRounds(contenders, measure, { rounds: 2, warmUp: 1 });
  assertEquals(log.splice(0, 2), ["prepare a", "prepare b"]);
  assertEquals(log.splice(-2), ["clean up a", "clean up b"]);
  assertEquals(log.slice(0, 2).toSorted(), ["a", "b"]);
  assertEquals([log.slice(2, 4), log.slice(4)].map((round) => round.join("")).toSorted(), [
    "ab",
    "ba",
  ]);
  assertEquals([results.get("a")!.run, results.get("b")!.create], [[SAMPLE, SAMPLE], []]);
});

Deno.test("measureRounds() removes the containers of a round that failed", async () => {
  const log: string[] = [];
  const failing = contender("a", log, new Error("no"));
  await assertRejects(
    () => measureRounds([failing], measure, { rounds: 1, warmUp: 0 }),
    Error,
    "no",
  );
  assertEquals(log, ["prepare a", "a", "clean up a"]);
});

Deno.test("measureRounds() stops before the next contender when it is interrupted", async () => {
  const log: string[] = [];
  const options = { rounds: 1, warmUp: 0, signal: AbortSignal.abort(new Error("stopped")) };
  await assertRejects(
    () => measureRounds([contender("a", log)], measure, options),
    Error,
    "stopped",
  );
  assertEquals(log, ["clean up a"]);
});
