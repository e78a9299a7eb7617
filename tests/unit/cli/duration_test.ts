import { assertEquals, assertThrows } from "@std/assert";
import { parseDuration } from "../../../runtime/cli/duration.ts";
import { UsageError } from "../../../runtime/common/errors.ts";

Deno.test("parseDuration() reads what Go's time.Duration prints", () => {
  const cases: [string, number][] = [
    ["5s", 5000],
    ["1m30s", 90_000],
    ["1h0m0s", 3_600_000],
    ["250ms", 250],
    ["1.5h", 5_400_000],
    [".5s", 500],
    ["100µs", 0.1],
    ["1000000ns", 1],
  ];
  for (const [text, milliseconds] of cases) {
    assertEquals(parseDuration("interval", text), milliseconds, text);
  }
});

Deno.test("parseDuration() refuses what is no duration, or none above 0, with the option's name", () => {
  for (const text of ["", "5", "s", "-1s", "1 s", "5sec", "1s;", "0s", "0h0m0s"]) {
    assertThrows(() => parseDuration("interval", text), UsageError, "option --interval: ");
  }
});
