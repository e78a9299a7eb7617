/**
 * `exec` on pure cgroup v2, where a cgroup with controllers in cgroup.subtree_control takes no process. Runs inside the
 * emulated host.
 */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { Kago } from "../../harness/kago.ts";

/** Like systemd in a container: moves the first process below, and enables the controllers it may. */
const HANDS_DOWN = "mkdir /sys/fs/cgroup/init; echo 1 > /sys/fs/cgroup/init/cgroup.procs; " +
  "echo +pids > /sys/fs/cgroup/cgroup.subtree_control; echo done; sleep 1000";

const CGROUP = {
  destination: "/sys/fs/cgroup",
  type: "cgroup",
  source: "cgroup",
  options: ["rw", "nosuid", "noexec", "nodev"],
};

async function withNested(use: (kago: Kago) => Promise<void>): Promise<void> {
  await Kago.with({ args: ["sh", "-c", HANDS_DOWN], mounts: [CGROUP] }, async (kago) => {
    const created = await kago.create();
    assertEquals(created.code, 0, created.stdout);
    assertEquals((await kago.run("start", kago.id)).code, 0);
    await kago.says("done\n");
    assertEquals(kago.output(), "done\n");
    await use(kago);
  });
}

Deno.test("exec goes to the first process's cgroup when the container's takes none", async () => {
  await withNested(async (kago) => {
    const { code, stdout, stderr } = await kago.run("exec", kago.id, "cat", "/proc/self/cgroup");
    assertEquals([code, stdout], [0, "0::/init\n"], stderr);
  });
});

Deno.test("exec --cgroup names a cgroup that takes a process, or is refused", async () => {
  await withNested(async (kago) => {
    const exec = (cgroup: string) =>
      kago.run("exec", "--cgroup", cgroup, kago.id, "cat", "/proc/self/cgroup");
    assertEquals((await exec("init")).stdout, "0::/init\n");
    const busy = await exec("/");
    assertEquals(busy.code, 255);
    assertStringIncludes(busy.stderr, "resource busy");
    assertEquals((await exec("missing")).code, 255);
  });
});

Deno.test("exec without a cgroup namespace is in the container's cgroup", async () => {
  const namespaces = ["pid", "network", "ipc", "uts", "mount"].map((type) => ({ type }));
  await Kago.with({ args: ["sleep", "1000"], config: { linux: { namespaces } } }, async (kago) => {
    assertEquals((await kago.create()).code, 0);
    const { stdout } = await kago.run("exec", kago.id, "cat", "/proc/self/cgroup");
    assertEquals(stdout, await Deno.readTextFile(`/proc/${(await kago.state()).pid}/cgroup`));
  });
});
