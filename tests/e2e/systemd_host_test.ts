/** One boot of the emulated host with systemd for all of in_systemd_host/; each test there is a step here. */
import { runInnerTests } from "./harness/inner_tests.ts";

Deno.test("inside the emulated host with systemd", async (t) => {
  await runInnerTests("tests/e2e/in_systemd_host", ({ name, problem }) =>
    t.step({
      name,
      fn: () => {
        if (problem) throw new Error(problem);
      },
      // The host runs on while a step is reported.
      sanitizeOps: false,
      sanitizeResources: false,
    }), { systemd: true, apparmor: true });
});
