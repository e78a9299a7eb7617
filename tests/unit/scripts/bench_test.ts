import { assertEquals, assertThrows } from "@std/assert";
import { UsageError } from "../../../runtime/common/errors.ts";
import { parseBenchOptions, programsOf, scenesOf } from "../../../scripts/bench.ts";

const TRUE = Deno.realPathSync("/bin/true");
const PEERS = ["--kago", "/bin/true", "--runc", "true", "--crun=/bin/true"];

const programs = (...args: string[]) => programsOf(parseBenchOptions([...PEERS, ...args]));

Deno.test("parseBenchOptions() judges dist/kago over 30 rounds unless told otherwise", () => {
  const options = parseBenchOptions([]);
  assertEquals([options.kago, options.rounds, options.check], ["dist/kago", 30, false]);
  assertEquals(parseBenchOptions(["--rounds", "5", "--check"]).rounds, 5);
});

Deno.test("parseBenchOptions() refuses no rounds, unknown options and stray words", () => {
  assertThrows(() => parseBenchOptions(["--rounds=0"]), UsageError, "at least one round");
  assertThrows(() => parseBenchOptions(["--round=1"]), UsageError, "unknown option --round");
  assertThrows(() => parseBenchOptions(["--cgroup=v3"]), UsageError, "v3");
  assertThrows(() => parseBenchOptions(["kago"]), UsageError, 'does not take "kago"');
});

Deno.test("parseBenchOptions() puts no part of a run into README.md", () => {
  assertThrows(() => parseBenchOptions(["--only=run", "--readme"]), UsageError, "without --only");
});

Deno.test("programsOf() finds names in PATH, and takes more runtimes by their files", () => {
  assertEquals(programs("--runtime", "youki=/bin/true"), [
    ...["kago", "runc", "crun", "youki"].map((name) => ({ name, path: TRUE })),
  ]);
});

Deno.test("programsOf() refuses a runtime without a name of its own, and a file that is not there", () => {
  for (const text of ["/bin/true", "runc=/bin/true", "a b=/bin/true"]) {
    assertThrows(() => programs("--runtime", text), UsageError, "takes NAME=FILE");
  }
  assertThrows(() => programs("--runtime", "youki=/nowhere"), UsageError, "there is no /nowhere");
});

Deno.test("scenesOf() leaves out limits without controllers, and all but what is asked for", () => {
  const names = (only: string[], controllers: boolean) =>
    scenesOf({ only }, controllers).flatMap(({ steps }) => steps.map(({ name }) => name));
  assertEquals(names([], true).includes("run with limits"), true);
  assertEquals(names([], false).includes("run with limits"), false);
  assertEquals(names(["run", "life, ctr"], true), ["run", "life, ctr"]);
  assertThrows(() => names(["runs"], true), UsageError, 'there is no case "runs"');
});
