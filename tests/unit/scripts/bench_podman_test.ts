import { assertEquals } from "@std/assert";
import { judge } from "../../../scripts/bench_podman.ts";

Deno.test("judge() compares within the pairs, which a slow minute hits alike", () => {
  const { text, ratio } = judge([
    { kago: 100, runc: 100 },
    { kago: 210, runc: 200 },
    { kago: 1020, runc: 1000 },
  ]);
  assertEquals(ratio, 1.02);
  assertEquals(text.split("\n"), [
    "| podman run --rm | ms, median (IQR) |",
    "| --- | ---: |",
    "| kago | 210.0 (460.0) |",
    "| runc | 200.0 (450.0) |",
    "",
    "kago / runc, paired: 1.020",
  ]);
});
