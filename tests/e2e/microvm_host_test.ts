/** One boot of the emulated host for microVMs with the real libkrun; each test there is a step here. */
import { reportAsSteps } from "./harness/report_steps.ts";

Deno.test("microVMs inside the emulated host", async (t) => {
  await reportAsSteps(t, "tests/e2e/in_microvm_host", { timeout: 5000, nested: true });
});
