/** Cases in which CRI-O's monitor, conmon, does more than to wait for a container's end. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import type { Cri } from "../containerd/cri.ts";
import type { CaseGroup } from "../engine_case.ts";
import { GRACE, LASTING_SCRIPT } from "../lasting.ts";
import { untilSays } from "../until.ts";
import { runPod, SECURITY, startContainer } from "./pods.ts";

/** The arguments of all processes of the container. */
export function processesOf(c: Cri): Promise<string> {
  return c.ok("exec", c.container, "sh", "-c", "cat /proc/[0-9]*/cmdline | tr '\\0' ' '");
}

/** A command that CRI-O ends after its time limit, as a kubelet's probe. */
export async function expectTimeout(c: Cri): Promise<void> {
  const words = ["exec", "--sync", "--timeout", "3", c.container, "sleep", "4321"];
  const { code, stderr } = await c.crictl(words);
  assert(code !== 0);
  assertMatch(stderr, /timed out|timeout|DeadlineExceeded/i);
  await untilSays(async () => `${(await processesOf(c)).includes("sleep 4321")}`, "false");
}

/** As a kubelet makes it; CRI-O restores no container without it. */
const HOSTS_FILE = { host_path: "/etc/hosts", container_path: "/etc/hosts" };

/** In the pod of these cases. */
function start(c: Cri, name: string, words: string[], rest = {}): Promise<void> {
  return startContainer(c, "monitored", words, SECURITY, { name, mounts: [HOSTS_FILE], ...rest });
}

export const MONITORED: CaseGroup<Cri> = {
  name: "what conmon does",
  setUp: async (c) => {
    await runPod(c, "monitored", SECURITY);
    await start(c, "monitored-container", ["sh", "-c", LASTING_SCRIPT]);
    await untilSays(() => c.ok("logs", c.container), "up\n");
  },
  tearDown: (c) => c.removePods(),
  cases: [
    { command: "crictl exec --sync --timeout 3 CONTAINER", check: expectTimeout },
    {
      command: "crictl checkpoint --export FILE CONTAINER; crictl create POD CONTAINER.json (FILE)",
      only: "kago", // crun's criu is a library, which the hosts do not have
      check: async (c) => {
        const file = `${c.folder}/checkpoint-${c.runtime}.tar`;
        await c.ok("checkpoint", "--export", file, c.container);
        await c.ok("rm", "--force", c.container);
        await start(c, "restored", [], { image: { image: file } });
        assertEquals(await c.ok("exec", c.container, "echo", "inside"), "inside\n");
        await c.ok("stop", "--timeout", `${GRACE}`, c.container);
        assertEquals(JSON.parse(await c.ok("inspect", c.container)).status.exitCode, 3);
      },
    },
    {
      command: "crictl inspect CONTAINER (ended for want of memory)",
      // systemd removes the cgroup at once, mostly before conmon has read its memory.events, with crun too.
      emulated: ["v2"],
      check: async (c) => {
        const linux = { resources: { memory_limit_in_bytes: 64 << 20 } };
        const words = ["dd", "if=/dev/zero", "of=/dev/null", "bs=256M", "count=1"];
        await start(c, "greedy", words, { linux });
        const status = async () => JSON.parse(await c.ok("inspect", c.container)).status;
        await untilSays(async () => (await status()).state, "CONTAINER_EXITED");
        const { reason, exitCode } = await status();
        assertEquals([reason, exitCode], ["OOMKilled", 137]);
      },
    },
  ],
};
