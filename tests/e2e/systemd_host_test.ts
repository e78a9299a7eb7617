/** One boot of the emulated host with systemd for in_systemd_host/, and one with v1 controllers for in_hybrid_host/. */
import { V1_RELEASE } from "../../scripts/emulated_host/debian_root.ts";
import { prepareCrictl } from "../engines/crictl/crictl.ts";
import { RUNS } from "../engines/outcomes.ts";
import { reportAsSteps } from "./harness/report_steps.ts";

Deno.test("inside the emulated host with systemd", async (t) => {
  await Deno.mkdir(RUNS, { recursive: true });
  await prepareCrictl(); // there is no network inside
  await reportAsSteps(t, "tests/e2e/in_systemd_host", {
    systemd: true,
    apparmor: true,
    results: RUNS,
    timeout: 5000,
  });
});

Deno.test("inside the emulated host with systemd and cgroup v1", async (t) => {
  const host = { release: V1_RELEASE, systemd: true, hybrid: true, smp: 2 };
  await reportAsSteps(t, "tests/e2e/in_hybrid_host", host);
});
