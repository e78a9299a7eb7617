/** One boot of the emulated host for all of in_host/; each test there is a step here. */
import { runInnerTests } from "./harness/inner_tests.ts";

Deno.test("inside the emulated host", async (t) => {
  await runInnerTests("tests/e2e/in_host", ({ name, problem }) =>
    t.step({
      name,
      fn: () => {
        if (problem) throw new Error(problem);
      },
      // The host runs on while a step is reported.
      sanitizeOps: false,
      sanitizeResources: false,
    }), { timeout: 1800 });
});
