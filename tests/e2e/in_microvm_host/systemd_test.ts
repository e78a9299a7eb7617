/**
 * systemd as a microVM's process, with the real libkrun. Natively, `halt` of a plain container's process 1 has the same exit
 * code with runc (docs/microvm.md).
 */
import { assertEquals, assertStringIncludes } from "@std/assert";
import type { RunResult } from "../../harness/run.ts";
import { AWAIT_SYSTEMD, NO_ENGINE, withSystemd } from "../harness/systemd_root.ts";

/** systemd(1): SIGRTMIN+3 halts, which is reboot(2), whose caller's process 1 ends by SIGINT (pid_namespaces(7)). */
const HALTED = 130;

Deno.test("systemd reaches multi-user.target, and SIGRTMIN+3 halts it as in a plain container", async () => {
  await withSystemd(NO_ENGINE, async (kago, sh, running) => {
    expectSystemd(
      await sh(
        `${AWAIT_SYSTEMD}; systemctl is-system-running --wait; systemctl is-active multi-user.target; ` +
          "cat /run/limited /proc/self/cgroup /sys/fs/cgroup/cgroup.controllers; cut -f1 /proc/cgroups",
      ),
    );
    // systemd has moved itself into a cgroup below the container's.
    assertStringIncludes((await kago.run("ps", kago.id)).stdout, "systemd");
    assertEquals((await kago.run("kill", kago.id, "RTMIN+3")).code, 0);
    const { code, stderr } = await running;
    assertEquals(code, HALTED, stderr);
  });
});

function expectSystemd({ stdout, stderr }: RunResult): void {
  const [state, target, cgroup, limit, own, controllers = "", ...kernels] = stdout.split("\n");
  assertEquals([state, target], ["running", "active"], stderr);
  assertEquals([cgroup, limit], ["0::/system.slice/limited.service", `${64 << 20}`]);
  // The script began before systemd had moved; in the container's own cgroup it would keep the controllers from the units.
  assertEquals(own, "0::/init.scope");
  const names = kernels.map((name) => name === "blkio" ? "io" : name);
  const expected = ["cpu", "cpuset", "hugetlb", "io", "memory", "pids"].filter((name) =>
    names.includes(name)
  );
  assertEquals(controllers.split(" ").filter((name) => names.includes(name)).sort(), expected);
}
