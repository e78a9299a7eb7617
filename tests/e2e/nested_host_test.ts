/** One boot of the emulated host for what runs containers in microVMs, with the real libkrun; each test there is a step here. */
import { reportAsSteps } from "./harness/report_steps.ts";

Deno.test("containers in microVMs inside the emulated host", async (t) => {
  await reportAsSteps(t, "tests/e2e/in_nested_host", { timeout: 1800, nested: true });
});
