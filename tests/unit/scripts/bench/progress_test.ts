import { assertEquals } from "@std/assert";
import { progressText } from "../../../../scripts/bench/progress.ts";

Deno.test("progressText() knows that the first round has more to do than the second", () => {
  assertEquals(progressText(1, 2, 54), "round 1 of 2, 0:54 so far, about 0:05 left");
  assertEquals(progressText(2, 2, 61), "round 2 of 2, 1:01 so far, about 0:00 left");
});
