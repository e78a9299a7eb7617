/** Boots of the emulated host, for plain containers, for SELinux and for microVMs; each test there is a step here. */
import { reportAsSteps } from "./harness/report_steps.ts";

Deno.test("inside the emulated host", async (t) => {
  await reportAsSteps(t, "tests/e2e/in_host", { timeout: 2700 });
});

Deno.test("inside the emulated host with SELinux", async (t) => {
  await reportAsSteps(t, "tests/e2e/in_selinux_host", { selinux: true });
});

Deno.test("microVMs inside the emulated host", async (t) => {
  await reportAsSteps(t, "tests/e2e/in_microvm_host", { timeout: 1800 });
});
