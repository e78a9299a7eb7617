import { assertEquals } from "@std/assert";
import { retry } from "../../../runtime/cgroup/backoff.ts";

/** How often a patience lets an attempt be made that takes `cost` milliseconds and fails. */
function attempts(patience: number, cost = 0): number {
  let count = 0;
  const done = retry(patience, () => {
    count++;
    for (const end = performance.now() + cost; performance.now() < end;) continue;
    return false;
  });
  assertEquals(done, false);
  return count;
}

Deno.test("retry() pauses 1, 2, 4 … ms, together no longer than its patience", () => {
  assertEquals([attempts(0), attempts(1), attempts(7), attempts(14), attempts(15)], [
    1,
    2,
    4,
    4,
    5,
  ]);
});

Deno.test("retry() does not count the time in which it could not look", () => {
  assertEquals(attempts(7, 20), 4);
});

Deno.test("retry() ends with the first success", () => {
  let count = 0;
  assertEquals([retry(1000, () => ++count === 3), count], [true, 3]);
});
