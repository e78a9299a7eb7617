import { assertEquals, assertRejects } from "@std/assert";
import { runBeside, type Task } from "./schedule.ts";

/** Tasks that record how many of them run at once. */
function counted(kinds: readonly boolean[]) {
  const seen = { most: 0, mostExclusive: 0, order: [] as number[] };
  let now = 0, exclusives = 0;
  const tasks = kinds.map((exclusive, number): Task => ({
    exclusive,
    run: async () => {
      seen.order.push(number);
      seen.most = Math.max(seen.most, ++now);
      if (exclusive) seen.mostExclusive = Math.max(seen.mostExclusive, ++exclusives);
      await new Promise((resolve) => setTimeout(resolve, 5));
      now--;
      if (exclusive) exclusives--;
    },
  }));
  return { seen, tasks };
}

Deno.test("runBeside() runs every task, and as many at once as it may", async () => {
  const { seen, tasks } = counted([false, false, false, false, false]);
  await runBeside(tasks, 3);
  assertEquals(seen.order.toSorted(), [0, 1, 2, 3, 4]);
  assertEquals(seen.most, 3);
});

Deno.test("runBeside() runs exclusive tasks beside others, never beside each other", async () => {
  const { seen, tasks } = counted([true, true, true, false, true]);
  await runBeside(tasks, 3);
  assertEquals(seen.order.toSorted(), [0, 1, 2, 3, 4]);
  assertEquals(seen.order.slice(0, 2), [0, 3]);
  assertEquals([seen.most, seen.mostExclusive], [2, 1]);
});

Deno.test("runBeside() begins nothing more when a task has failed", async () => {
  const { seen, tasks } = counted([false, false, false]);
  const failing: Task = { exclusive: false, run: () => Promise.reject(new Error("no")) };
  await assertRejects(() => runBeside([failing, ...tasks], 1), Error, "no");
  assertEquals(seen.order, []);
});
