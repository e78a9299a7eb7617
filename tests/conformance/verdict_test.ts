import { assertEquals } from "@std/assert";
import type { KnownFailure } from "./known.ts";
import { findProblems, runRace, type Told } from "./verdict.ts";

function told(passed: readonly string[], failed: readonly string[], output = ""): Told {
  return { passed, failed, skipped: 0, output };
}

const KNOWN: KnownFailure = { program: "p", fails: /^b$/, why: "because", runc: "not ok b" };
const RUNC = told(["a"], ["b"], "ok a\nnot ok b\n");

Deno.test("findProblems() finds none where a program passes, whatever runc does", () => {
  assertEquals(findProblems(told(["a", "b"], []), RUNC), []);
});

Deno.test("findProblems() finds none where a program fails as known.ts says", () => {
  assertEquals(findProblems(told(["a"], ["b"]), RUNC, KNOWN), []);
});

Deno.test("findProblems() finds a failure that known.ts does not list, though runc has it too", () => {
  assertEquals(findProblems(told(["a"], ["b"]), RUNC), ["fails, and known.ts has no entry: b"]);
});

Deno.test("findProblems() finds another failure than the one that known.ts lists", () => {
  assertEquals(findProblems(told(["a"], ["b", "c"]), RUNC, KNOWN), [
    "fails, and known.ts does not expect it: c",
  ]);
});

Deno.test("findProblems() finds an entry of known.ts that is not needed", () => {
  assertEquals(findProblems(told(["a", "b"], []), RUNC, KNOWN), [
    "passes, and known.ts has an entry: take it out",
  ]);
});

Deno.test("findProblems() takes a pass where known.ts says that there may be one", () => {
  const known = { ...KNOWN, mayPass: "now and then" };
  assertEquals(findProblems(told(["a", "b"], []), RUNC, known), []);
  assertEquals(findProblems(told(["a"], ["b"]), told(["a", "b"], []), known), []);
});

Deno.test("findProblems() finds that runc does not do what known.ts says", () => {
  assertEquals(findProblems(told(["a"], ["b"]), told(["a"], ["b"], "not ok 7 b"), KNOWN), [
    "runc does not print what known.ts says: not ok b",
  ]);
});

Deno.test("findProblems() takes what runc prints by a race of its own for what known.ts says", () => {
  const lost = told([], ["exit status 1"], "cannot allocate memory\n");
  const known = { ...KNOWN, runcRace: "cannot allocate memory" };
  assertEquals(findProblems(told(["a"], ["b"]), lost, known), []);
  const other = told([], ["exit status 1"], "no space left on device\n");
  assertEquals(findProblems(told(["a"], ["b"]), other, known), [
    "runc does not print what known.ts says: not ok b",
  ]);
});

Deno.test("findProblems() finds what only runc passes, even in a program that known.ts lists", () => {
  assertEquals(findProblems(told([], ["b"]), told(["b"], []), KNOWN), [
    "fails under kago only: b",
    "holds under runc only: b",
    "runc does not print what known.ts says: not ok b",
  ]);
});

/** Runs a race with these reports, one after the other; returns the last report and the number of runs. */
function race(...reports: Told[]): Promise<[Told, number]> {
  return raceWithin(undefined, ...reports);
}

async function raceWithin(
  seconds: number | undefined,
  ...reports: Told[]
): Promise<[Told, number]> {
  let runs = 0;
  const report = await runRace(
    { fails: /^b$/, why: "because" },
    () => Promise.resolve(reports[runs++] ?? reports.at(-1)!),
    seconds,
  );
  return [report, runs];
}

Deno.test("runRace() runs a program again while it loses, and not when it passes", async () => {
  const won = told(["a", "b"], []);
  assertEquals(await race(RUNC, RUNC, won), [won, 3]);
});

Deno.test("runRace() does not repeat another failure, and gives up when no run passes", async () => {
  const worse = told(["a"], ["b", "c"]);
  assertEquals(await race(worse), [worse, 1]);
  assertEquals(await race(RUNC), [RUNC, 10]);
});

Deno.test("runRace() does not run a program again when the time is up", async () => {
  assertEquals(await raceWithin(0, RUNC), [RUNC, 1]);
});
