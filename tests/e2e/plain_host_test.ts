/** One boot of the emulated host for plain containers on pure cgroup v2; each test there is a step here. */
import { reportAsSteps } from "./harness/report_steps.ts";

Deno.test("inside the emulated host", async (t) => {
  await reportAsSteps(t, "tests/e2e/in_host", { timeout: 5000 });
});
