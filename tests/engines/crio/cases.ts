/** Cases about CRI-O's handlers and the sandboxes of pods; the others are those of containerd's CRI plugin. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { runOk } from "../../harness/run.ts";
import type { Cri } from "../containerd/cri.ts";
import { type CaseGroup, RUNTIME_PATHS } from "../engine_case.ts";
import { GRACE, LASTING_SCRIPT } from "../lasting.ts";
import { untilSays } from "../until.ts";

/** Of CRI (NamespaceMode). A kubelet requests CONTAINER, unless the pod has `shareProcessNamespace`. */
export const MODE = { pod: 0, container: 1, node: 2 } as const;

/** Of a pod without a sandbox container, in the node's network. */
export const SECURITY = { namespace_options: { network: MODE.node, pid: MODE.container } };

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
        const options = { network: MODE.node, pid: MODE.container };
        const pod = await c.podConfig("own", { namespace_options: options });
        c.pod = (await c.ok("runp", "--runtime", c.runtime, pod)).trim();
        assertEquals(await kagosContainers(), before);
        const words = ["sh", "-c", `echo $$; ${LASTING_SCRIPT}`];
        const linux = { security_context: { namespace_options: options } };
        const config = await c.containerConfig("own-container", words, { linux });
        c.container = (await c.ok("create", c.pod, config, pod)).trim();
        await c.ok("start", c.container);
        assertStringIncludes((await kagosContainers()).join("\n"), c.container);
        await untilSays(() => c.ok("logs", c.container), "1\nup\n");
      },
    },
    {
      command:
        "crictl runp --runtime RUNTIME POD.json (pid: POD): containers in the sandbox's pid namespace",
      only: "kago",
      check: async (c) => {
        const options = { network: MODE.node, pid: MODE.pod };
        const pod = await c.podConfig("shared", { namespace_options: options });
        c.pod = (await c.ok("runp", "--runtime", c.runtime, pod)).trim();
        assertStringIncludes((await kagosContainers()).join("\n"), c.pod);
        const linux = { security_context: { namespace_options: options } };
        const words = ["sh", "-c", "cat /proc/1/cmdline | tr '\\0' ' '"];
        const config = await c.containerConfig("shared-container", words, { linux });
        c.container = (await c.ok("create", c.pod, config, pod)).trim();
        await c.ok("start", c.container);
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
          const options = { network: MODE.node, pid: MODE.pod };
          const pod = await c.podConfig("kept", { namespace_options: options });
          c.pod = (await c.ok("runp", "--runtime", c.runtime, pod)).trim();
          const linux = { security_context: { namespace_options: options } };
          const words = ["sh", "-c", LASTING_SCRIPT];
          const config = await c.containerConfig("kept-container", words, { linux });
          c.container = (await c.ok("create", c.pod, config, pod)).trim();
          await c.ok("start", c.container);
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
