/** One boot of the emulated host for all of in_host/; each test there is a step here. */
import { reportAsSteps } from "./harness/report_steps.ts";

Deno.test("inside the emulated host", async (t) => {
  await reportAsSteps(t, "tests/e2e/in_host", { timeout: 1800 });
});
