/** CRI-O in the emulated hosts, with each of its cgroup managers; each of its commands is a step here. */
import { prepareCrictl } from "../engines/crictl/crictl.ts";
import { prepareCrio } from "../engines/crio/programs.ts";
import { RUNS } from "../engines/outcomes.ts";
import { reportAsSteps } from "./harness/report_steps.ts";

for (const [name, systemd] of [["without systemd", false], ["with systemd", true]] as const) {
  Deno.test(`CRI-O inside an emulated host ${name}`, async (t) => {
    await Deno.mkdir(RUNS, { recursive: true });
    await prepareCrictl(); // there is no network inside
    await prepareCrio();
    const options = { results: RUNS, timeout: 2400, nested: true, systemd };
    await reportAsSteps(t, "tests/e2e/in_crio_host", options);
  });
}
