/** One boot of the emulated host for the engines on pure cgroup v2; each of their commands is a step here. */
import { prepareCrictl } from "../engines/crictl/crictl.ts";
import { RUNS } from "../engines/outcomes.ts";
import { reportAsSteps } from "./harness/report_steps.ts";

Deno.test("the engines inside the emulated host", async (t) => {
  await Deno.mkdir(RUNS, { recursive: true });
  await prepareCrictl(); // there is no network inside
  await reportAsSteps(t, "tests/e2e/in_engines_host", {
    results: RUNS,
    timeout: 5000,
    nested: true,
  });
});
