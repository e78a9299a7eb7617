/** Makes each test inside a host a step of the outer test. */
import { type InnerTestOptions, runInnerTests } from "./inner_tests.ts";

/** How many tests are listed with their time. */
const SLOWEST = 15;

/**
 * Lists at the end the tests that took longest; the time of the first starts with the command, so it includes the
 * host's boot.
 */
export async function reportAsSteps(
  t: Deno.TestContext,
  folder: string,
  options: InnerTestOptions = {},
): Promise<void> {
  const times: { name: string; seconds: number }[] = [];
  let last = performance.now();
  await runInnerTests(folder, async ({ name, problem }) => {
    const now = performance.now();
    times.push({ name, seconds: Math.round((now - last) / 1000) });
    last = now;
    await t.step({
      name,
      fn: () => {
        if (problem) throw new Error(problem);
      },
      // The host continues while a step is reported.
      sanitizeOps: false,
      sanitizeResources: false,
    });
  }, options);
  const slowest = times.toSorted((a, b) => b.seconds - a.seconds).slice(0, SLOWEST);
  console.log(slowest.map(({ name, seconds }) => `${seconds} s: ${name}`).join("\n"));
}
