/** Each test of a host becomes a step of the outer test. */
import { type InnerTestOptions, runInnerTests } from "./inner_tests.ts";

export async function reportAsSteps(
  t: Deno.TestContext,
  folder: string,
  options: InnerTestOptions = {},
): Promise<void> {
  await runInnerTests(folder, ({ name, problem }) =>
    t.step({
      name,
      fn: () => {
        if (problem) throw new Error(problem);
      },
      // The host runs on while a step is reported.
      sanitizeOps: false,
      sanitizeResources: false,
    }), options);
}
