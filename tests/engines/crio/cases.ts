/** Cases about CRI-O's handlers and the sandboxes of pods; the others are those of containerd's CRI plugin. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { runOk } from "../../harness/run.ts";
import type { Cri } from "../containerd/cri.ts";
import { type CaseGroup, RUNTIME_PATHS } from "../engine_case.ts";
import { GRACE, LASTING_SCRIPT } from "../lasting.ts";
import { untilSays } from "../until.ts";
import { runPod, SECURITY, SHARED, startContainer } from "./pods.ts";

/** The state root that install.sh gives the handlers. */
const ROOT = "/run/kago";

/** The containers that kago has, by their ids. */
export async function kagosContainers(): Promise<readonly string[]> {
  const text = await runOk(RUNTIME_PATHS.kago, ["--root", ROOT, "list", "--quiet"]);
  return text.split("\n").filter(Boolean);
}

/** kago's state of a container (OCI runtime specification, "State"). */
export async function kagosState(id: string): Promise<{ status: string; pid: number }> {
  return JSON.parse(await runOk(RUNTIME_PATHS.kago, ["--root", ROOT, "state", id]));
}

export const HANDLERS: CaseGroup<Cri> = {
  name: "handlers",
  tearDown: (c) => c.removePods(),
  cases: [
    {
      command: "crictl runp --runtime UNKNOWN POD.json: an error",
      check: async (c) => {
        const { code, stderr } = await c.crictl(["runp", "--runtime", "unknown", c.file("pod")]);
        assertEquals(code, 1);
        assertStringIncludes(stderr, "failed to find runtime handler unknown");
      },
    },
    {
      command: "crictl runp --runtime RUNTIME POD.json (pid: CONTAINER): no sandbox container",
      only: "kago",
      check: async (c) => {
        const before = await kagosContainers();
        await runPod(c, "own", SECURITY);
        assertEquals(await kagosContainers(), before);
        await startContainer(c, "own", ["sh", "-c", `echo $$; ${LASTING_SCRIPT}`], SECURITY);
        assertStringIncludes((await kagosContainers()).join("\n"), c.container);
        await untilSays(() => c.ok("logs", c.container), "1\nup\n");
      },
    },
    {
      command:
        "crictl runp --runtime RUNTIME POD.json (pid: POD): containers in the sandbox's pid namespace",
      only: "kago",
      check: async (c) => {
        await runPod(c, "shared", SHARED);
        assertStringIncludes((await kagosContainers()).join("\n"), c.pod);
        const words = ["sh", "-c", "cat /proc/1/cmdline | tr '\\0' ' '"];
        await startContainer(c, "shared", words, SHARED);
        await untilSays(() => c.ok("logs", c.container), /sleep 1000000/);
      },
    },
  ],
};

/** @param restart ends CRI-O and starts it again, while no other runtime's case runs. */
export function restartCases(restart: () => Promise<void>): CaseGroup<Cri> {
  return {
    name: "a restart",
    tearDown: (c) => c.removePods(),
    cases: [
      {
        command: "crictl exec CONTAINER; crictl stop CONTAINER, after a restart of CRI-O",
        only: "kago",
        check: async (c) => {
          await runPod(c, "kept", SHARED);
          await startContainer(c, "kept", ["sh", "-c", LASTING_SCRIPT], SHARED);
          await untilSays(() => c.ok("logs", c.container), "up\n");
          await restart();
          assertEquals(await c.ok("exec", c.container, "echo", "inside"), "inside\n");
          await c.ok("stop", "--timeout", `${GRACE}`, c.container);
          const { status } = JSON.parse(await c.ok("inspect", c.container));
          assertEquals([status.state, status.exitCode], ["CONTAINER_EXITED", 3]);
        },
      },
    ],
  };
}
