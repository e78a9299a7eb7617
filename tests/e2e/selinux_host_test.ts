/** One boot of the emulated host that enforces SELinux; each test there is a step here. */
import { reportAsSteps } from "./harness/report_steps.ts";

Deno.test("inside the emulated host with SELinux", async (t) => {
  await reportAsSteps(t, "tests/e2e/in_selinux_host", { selinux: true, timeout: 1800 });
});
