import { assert, assertRejects } from "@std/assert";
import { until } from "../../harness/until.ts";

const wait = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

Deno.test("until() rests as long as a look takes, and leaves half of the time to what it waits for", async () => {
  const begin = performance.now();
  let looking = 0;
  await until("it is late", async () => {
    const start = performance.now();
    await wait(100);
    looking += performance.now() - start;
    return start - begin > 1000;
  });
  assert(looking < 0.65 * (performance.now() - begin), `${looking} ms`);
});

Deno.test("until() throws with what was seen last", async () => {
  let looks = 0;
  const never = () => {
    looks += 1;
    return false;
  };
  await assertRejects(() => until(() => `${looks > 1}`, never, 0.1), Error, "0.1 s: true");
});
