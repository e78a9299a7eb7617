/** Pods of microVMs, with a handler of their own and by annotation. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { CaseGroup, Host } from "../engine_case.ts";
import { GRACE, LASTING_SCRIPT } from "../lasting.ts";
import { untilSays } from "../until.ts";
import type { Cri } from "./cri.ts";

/** Where microVMs really run. */
const REAL: readonly Host[] = ["v2"];

/** A pod with this handler and these annotations; the sandbox is a plain process, which runs everywhere. */
async function runPod(c: Cri, handler: string, annotations = {}): Promise<void> {
  const network = { namespace_options: { network: 2 /* NODE */ } };
  const pod = await c.podConfig(`${handler}-pod`, network, { annotations });
  c.pod = (await c.ok("runp", "--runtime", handler, pod)).trim();
  assertStringIncludes(await c.ok("inspectp", c.pod), `"runtimeHandler": "${handler}"`);
  assertStringIncludes(await c.ok("pods", "--state", "ready", "--quiet"), c.pod.slice(0, 13));
}

/** A container in that pod, which must be a microVM. */
async function startVm(c: Cri, handler: string): Promise<void> {
  const config = await c.containerConfig(handler, ["sh", "-c", `uname -r; ${LASTING_SCRIPT}`]);
  c.container = (await c.ok("create", c.pod, config, c.file(`${handler}-pod`))).trim();
  await c.ok("start", c.container);
  await untilSays(() => c.ok("logs", c.container), /^\S+\nup\n$/);
  const [release] = (await c.ok("logs", c.container)).split("\n");
  assert(release !== Deno.osRelease(), release);
}

export const MICROVM_PODS: CaseGroup<Cri> = {
  name: "pods of microVMs",
  tearDown: (c) => c.removePods(),
  cases: [
    {
      command: "crictl runp --runtime krun POD.json",
      only: "kago",
      emulated: REAL,
      check: (c) => runPod(c, "krun"),
    },
    {
      command: "crictl create; crictl start (krun) CONTAINER; crictl logs CONTAINER",
      native: false,
      emulated: REAL,
      check: (c) => startVm(c, "krun"),
    },
    {
      command: "crictl exec (krun) CONTAINER; crictl stop CONTAINER; crictl rmp POD",
      native: false,
      emulated: REAL,
      check: async (c) => {
        const output = await c.ok("exec", c.container, "sh", "-c", "id -u; uname -r");
        assert(output.startsWith("0\n") && !output.includes(Deno.osRelease()), output);
        await c.ok("stop", "--timeout", `${GRACE}`, c.container);
        const { status } = JSON.parse(await c.ok("inspect", c.container));
        assertEquals([status.state, status.exitCode], ["CONTAINER_EXITED", 3]);
        await c.ok("rmp", "--force", c.pod);
      },
    },
    {
      command:
        "crictl runp POD.json (annotation run.oci.handler=krun); crictl create; crictl start",
      native: false,
      emulated: REAL,
      check: async (c) => {
        await runPod(c, "kago", { "run.oci.handler": "krun", "krun.ram_mib": "256" });
        await startVm(c, "kago");
      },
    },
  ],
};
