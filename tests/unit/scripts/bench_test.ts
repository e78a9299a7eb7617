import { assertEquals, assertThrows } from "@std/assert";
import { UsageError } from "../../../runtime/common/errors.ts";
import { parseBenchOptions } from "../../../scripts/bench.ts";

Deno.test("parseBenchOptions() judges dist/kago over 30 rounds unless told otherwise", () => {
  const options = parseBenchOptions([]);
  assertEquals([options.kago, options.rounds, options.check], ["dist/kago", 30, false]);
  assertEquals(parseBenchOptions(["--rounds", "5", "--check"]).rounds, 5);
});

Deno.test("parseBenchOptions() refuses no rounds, unknown options and stray words", () => {
  assertThrows(() => parseBenchOptions(["--rounds=0"]), UsageError, "at least one round");
  assertThrows(() => parseBenchOptions(["--round=1"]), UsageError, "unknown option --round");
  assertThrows(() => parseBenchOptions(["kago"]), UsageError, 'does not take "kago"');
});
