/** Two boots of the emulated host, one for plain containers and one for microVMs; each test there is a step here. */
import { reportAsSteps } from "./harness/report_steps.ts";

Deno.test("inside the emulated host", async (t) => {
  await reportAsSteps(t, "tests/e2e/in_host", { timeout: 1800 });
});

Deno.test("microVMs inside the emulated host", async (t) => {
  await reportAsSteps(t, "tests/e2e/in_microvm_host", { timeout: 1800 });
});
