/** The cases of the table of containerd's CRI plugin: one pod and its containers, as a kubelet makes them. */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { type CaseGroup, type Host } from "../engine_case.ts";
import { GRACE, LASTING_SCRIPT } from "../lasting.ts";
import { untilSays } from "../until.ts";
import type { Cri } from "./cri.ts";

const WHERE: readonly Host[] = ["v2", "systemd"];

const LIMITS = { linux: { resources: { memory_limit_in_bytes: 64 << 20, cpu_shares: 512 } } };

export const PODS: CaseGroup<Cri> = {
  name: "pods",
  tearDown: (c) => c.removePods(),
  cases: [
    {
      command: "crictl runp --runtime RUNTIME POD.json",
      emulated: WHERE,
      check: async (c) => {
        c.pod = (await c.ok("runp", "--runtime", c.runtime, c.file("pod"))).trim();
        assertStringIncludes(await c.ok("pods", "--state", "ready", "--quiet"), c.pod);
        assertStringIncludes(await c.ok("inspectp", c.pod), `"state": "SANDBOX_READY"`);
      },
    },
    {
      command:
        "crictl create POD CONTAINER.json POD.json; crictl start CONTAINER; crictl logs CONTAINER",
      emulated: WHERE,
      check: async (c) => {
        const config = await c.containerConfig("lasting", ["sh", "-c", LASTING_SCRIPT], LIMITS);
        c.container = (await c.ok("create", c.pod, config, c.file("pod"))).trim();
        await c.ok("start", c.container);
        await untilSays(() => c.ok("logs", c.container), "up\n");
        assertStringIncludes(await c.ok("ps", "--quiet", "--no-trunc"), c.container);
      },
    },
    {
      command: "crictl exec CONTAINER; crictl exec --sync CONTAINER",
      emulated: WHERE,
      check: async (c) => {
        assertEquals(await c.ok("exec", c.container, "echo", "inside"), "inside\n");
        const output = await c.ok("exec", "--sync", c.container, "echo", "inside");
        assertEquals(output.trim(), "inside");
        const { stderr } = await c.crictl(["exec", c.container, "sh", "-c", "exit 4"]);
        assertStringIncludes(stderr, "exit code 4");
      },
    },
    {
      command: "crictl exec -it CONTAINER",
      check: async (c) => {
        const output = await c.terminal([
          "exec",
          "-it",
          c.container,
          "sh",
          "-c",
          "test -t 0 && tty",
        ]);
        assertStringIncludes(output, "/dev/pts/");
      },
    },
    {
      command: "crictl stats CONTAINER",
      emulated: WHERE,
      check: async (c) => {
        const stats = JSON.parse(await c.ok("stats", "--output", "json", c.container)).stats[0];
        assertMatch(stats.memory.workingSetBytes.value, /^[1-9]/);
      },
    },
    {
      command: "crictl update --memory 134217728 CONTAINER",
      emulated: WHERE,
      check: async (c) => {
        await c.ok("update", "--memory", `${128 << 20}`, c.container);
        const file = c.host === "v1" ? "memory/memory.limit_in_bytes" : "memory.max";
        const words = ["exec", c.container, "cat", `/sys/fs/cgroup/${file}`];
        assertEquals(await c.ok(...words), `${128 << 20}\n`);
      },
    },
    {
      command:
        "crictl start CONTAINER (another of the pod's); crictl inspect CONTAINER (exit code)",
      check: async (c) => {
        const config = await c.containerConfig("short", ["sh", "-c", "exit 7"]);
        const id = (await c.ok("create", c.pod, config, c.file("pod"))).trim();
        await c.ok("start", id);
        const status = async () => JSON.parse(await c.ok("inspect", id)).status;
        await untilSays(async () => (await status()).state, "CONTAINER_EXITED");
        assertEquals((await status()).exitCode, 7);
        await c.ok("rm", id);
      },
    },
    {
      command: "crictl stop CONTAINER; crictl rm CONTAINER",
      emulated: WHERE,
      check: async (c) => {
        await c.ok("stop", "--timeout", `${GRACE}`, c.container);
        const { status } = JSON.parse(await c.ok("inspect", c.container));
        assertEquals([status.state, status.exitCode], ["CONTAINER_EXITED", 3]);
        await untilSays(() => c.ok("logs", c.container), "up\nbye\n");
        await c.ok("rm", c.container);
      },
    },
    {
      command: "crictl stopp POD; crictl rmp POD",
      emulated: WHERE,
      check: async (c) => {
        await c.ok("stopp", c.pod);
        await c.ok("rmp", c.pod);
        assertEquals((await c.ok("pods", "--quiet", "--no-trunc")).includes(c.pod), false);
      },
    },
  ],
};
