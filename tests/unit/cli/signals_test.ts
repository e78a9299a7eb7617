import { assertEquals, assertThrows } from "@std/assert";
import { parseSignal, SIGNALS } from "../../../runtime/cli/signals.ts";
import { UsageError } from "../../../runtime/common/errors.ts";

Deno.test("parseSignal() reads numbers and names with or without SIG, in any case", () => {
  assertEquals(["9", "KILL", "SIGKILL", "sigkill", "Kill"].map(parseSignal), [9, 9, 9, 9, 9]);
  assertEquals(["0", "64", "IOT", "CLD", "POLL"].map(parseSignal), [0, 64, 6, 17, 29]);
});

Deno.test("parseSignal() counts real-time signals from both ends", () => {
  assertEquals(["RTMIN", "SIGRTMIN+3", "rtmax", "RTMAX-1"].map(parseSignal), [34, 37, 64, 63]);
});

Deno.test("parseSignal() refuses what is no signal", () => {
  for (
    const text of ["", "SIG", "FOO", "65", "-9", "9.0", "SIG9", "RTMIN-1", "RTMAX+1", "RTMIN+31"]
      .concat("toString", "SIGSIGTERM")
  ) assertThrows(() => parseSignal(text), UsageError, `unknown signal "${text}"`);
});

Deno.test("SIGNALS has each number from 1 to 31, as kill -l counts them", () => {
  const numbers = [...new Set(Object.values(SIGNALS))].sort((a, b) => a - b);
  assertEquals(numbers, Array.from({ length: 31 }, (_, i) => i + 1));
});
