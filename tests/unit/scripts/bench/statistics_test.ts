import { assertEquals } from "@std/assert";
import { median, pairedRatios, quantile, spreadOf } from "../../../../scripts/bench/statistics.ts";

Deno.test("median() is the middle value, or the mean of the two middle values", () => {
  assertEquals(median([10, 9, 100]), 10);
  assertEquals(median([4, 1, 3, 2]), 2.5);
  assertEquals(median([7]), 7);
  assertEquals(median([]), NaN);
});

Deno.test("quantile() interpolates between neighbours and leaves the list in its order", () => {
  const values = [30, 10, 20];
  assertEquals([0, 0.25, 0.5, 1].map((fraction) => quantile(values, fraction)), [10, 15, 20, 30]);
  assertEquals(values, [30, 10, 20]);
});

Deno.test("spreadOf() has the median between the quartiles, whatever the outer quarters are", () => {
  assertEquals(spreadOf([1, 2, 3, 4, 1000]), { median: 3, low: 2, high: 4 });
});

Deno.test("pairedRatios() leaves out what has no partner", () => {
  assertEquals(pairedRatios([10, 30, 5], [20, 10]), [0.5, 3]);
});
