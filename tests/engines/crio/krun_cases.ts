/** Pods of microVMs under CRI-O, with the real libkrun: by the handler krun, and by an annotation of the pod. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { againAfterTripleFault } from "../again.ts";
import type { Cri } from "../containerd/cri.ts";
import type { CaseGroup } from "../engine_case.ts";
import { GRACE, LASTING_SCRIPT } from "../lasting.ts";
import { untilSays } from "../until.ts";
import { kagosState } from "./cases.ts";
import { expectTimeout } from "./monitor_cases.ts";
import { runPod, SECURITY, type Security, SHARED, startContainer } from "./pods.ts";

/** Of a guest, in MiB. */
const MEMORY = 256;

const SCRIPT = `uname -r; ${LASTING_SCRIPT}`;

/** Starts a lasting container in a new pod; returns the kernel's release that it prints. */
async function runGuest(
  c: Cri,
  name: string,
  handler: string,
  annotations: Record<string, string> = {},
  security: Security = SECURITY,
): Promise<string> {
  const all = { "krun.ram_mib": `${MEMORY}`, ...annotations };
  await runPod(c, name, security, { annotations: all }, handler);
  await againAfterTripleFault(async () => {
    await startContainer(c, name, ["sh", "-c", SCRIPT], security);
    await untilSays(() => c.ok("logs", c.container), /^\S+\nup\n$/);
  }, () => c.ok("rm", "--force", c.container));
  return (await c.ok("logs", c.container)).split("\n")[0]!;
}

/** The versions of libkrunfw's kernel and of the host's differ. */
function assertGuest(release: string): void {
  assert(release !== Deno.osRelease(), release);
}

/** A pod of that handler with that annotation is a microVM. */
async function expectGuest(c: Cri, name: string, handler: string, kind: string): Promise<void> {
  assertGuest(await runGuest(c, name, handler, { "run.oci.handler": kind }));
  await c.ok("rmp", "--force", c.pod);
}

export const MICROVM_PODS: CaseGroup<Cri> = {
  name: "pods of microVMs",
  tearDown: (c) => c.removePods(),
  cases: [
    {
      command: "crictl runp --runtime krun POD.json; crictl create; crictl start; crictl logs",
      only: "kago",
      check: async (c) => assertGuest(await runGuest(c, "vm", "krun")),
    },
    {
      command: "crictl exec CONTAINER (krun); crictl exec --sync CONTAINER",
      only: "kago",
      check: async (c) => {
        assertGuest((await c.ok("exec", c.container, "uname", "-r")).trim());
        const words = ["grep", "MemTotal", "/proc/meminfo"];
        const memory = await c.ok("exec", "--sync", c.container, ...words);
        const total = Number(/MemTotal: +(\d+) kB/.exec(memory)?.[1]);
        assert(total > 0 && total < (MEMORY + 64) << 10, memory); // libkrun adds a little
        const { stderr } = await c.crictl(["exec", "--sync", c.container, "sh", "-c", "exit 4"]);
        assertMatch(stderr, /exited with 4|exit code 4/);
      },
    },
    {
      command: "crictl exec --sync --timeout 3 CONTAINER (krun)",
      only: "kago",
      check: expectTimeout,
    },
    {
      command: "crictl stats CONTAINER (krun)",
      only: "kago",
      check: async (c) => {
        const stats = JSON.parse(await c.ok("stats", "--output", "json", c.container)).stats[0];
        assertMatch(stats.memory.workingSetBytes.value, /^[1-9]/);
      },
    },
    {
      command: "crictl stop CONTAINER (krun); crictl rm CONTAINER; crictl rmp POD",
      only: "kago",
      check: async (c) => {
        await c.ok("stop", "--timeout", `${GRACE}`, c.container);
        const { status } = JSON.parse(await c.ok("inspect", c.container));
        assertEquals([status.state, status.exitCode], ["CONTAINER_EXITED", 3]);
        await untilSays(() => c.ok("logs", c.container), /\nup\nbye\n$/);
        await c.ok("rm", c.container);
        await c.ok("stopp", c.pod);
        await c.ok("rmp", c.pod);
      },
    },
    {
      command: "crictl runp --runtime kago POD.json (annotation run.oci.handler: krun)",
      only: "kago",
      check: (c) => expectGuest(c, "annotated", "kago", "krun"),
    },
    {
      command: "crictl runp --runtime krun POD.json (annotation run.oci.handler: default)",
      only: "kago",
      check: (c) => expectGuest(c, "plain", "krun", "default"),
    },
    {
      command: "crictl runp --runtime krun POD.json (pid: POD): the sandbox is a plain process",
      only: "kago",
      check: async (c) => {
        assertGuest(await runGuest(c, "shared-vm", "krun", {}, SHARED));
        const { pid } = await kagosState(c.pod);
        assertMatch(await Deno.readLink(`/proc/${pid}/exe`), /busybox$/);
        await c.ok("rmp", "--force", c.pod);
      },
    },
  ],
};
