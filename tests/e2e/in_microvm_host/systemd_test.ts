/**
 * systemd as a microVM's process, and podman beside it in the guest, for root and for an ordinary user, with the real
 * libkrun, in one boot. Without a VM, `halt` of a plain container's process 1 has the same exit code with runc
 * (docs/microvm.md).
 */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { Kago } from "../../harness/kago.ts";
import type { RunResult } from "../../harness/run.ts";
import { makeSystemdRoot, PODMAN_RUN, systemdBundle } from "./systemd_root.ts";

/** Seconds; programs in a guest start slowly under nested emulation. */
const PATIENCE = 240;

/** systemd listens here as soon as it has loaded its units. */
const AWAIT_SYSTEMD = "until [ -S /run/systemd/private ]; do sleep 0.2; done";

/**
 * systemd(1): SIGRTMIN+3 halts by reboot(2), after which the caller's process 1 is killed by SIGINT
 * (pid_namespaces(7)).
 */
const HALTED = 130;

Deno.test("systemd reaches multi-user.target, podman runs beside it, and SIGRTMIN+3 halts it as in a plain container", async () => {
  const root = await Deno.makeTempDir();
  await Deno.chmod(root, 0o755);
  try {
    await makeSystemdRoot(root);
    await Kago.with(systemdBundle(root), async (kago) => {
      const running = kago.background();
      await kago.until("running");
      const sh = (script: string): Promise<RunResult> =>
        kago.runWith({ timeout: PATIENCE }, "exec", kago.id, "sh", "-c", script);
      expectSystemd(
        await sh(
          `${AWAIT_SYSTEMD}; systemctl is-system-running --wait; systemctl is-active multi-user.target; ` +
            "cat /run/limited /sys/fs/cgroup/cgroup.controllers; cut -f1 /proc/cgroups",
        ),
      );
      // systemd has moved itself into a cgroup below the container's.
      assertStringIncludes((await kago.run("ps", kago.id)).stdout, "systemd");
      const box = "/var/lib/containers/box";
      const own = await sh(`cp -a /srv/box ${box} && ${PODMAN_RUN} ${box} sh -c 'id -u; exit 7'`);
      assertEquals([own.code, own.stdout], [7, "0\n"], own.stderr);
      const users = await sh(
        "systemctl start rootless.service; systemctl show -p ExecMainStatus --value rootless.service; " +
          "cat /run/rootless.out /run/rootless.err",
      );
      const said = users.stdout.replaceAll(/[ \t]+/g, " ");
      assertStringIncludes(said, "9\n0\n 0 1000 1\n 1 100000 65536\n", users.stderr);
      assertEquals((await kago.run("kill", kago.id, "RTMIN+3")).code, 0);
      const { code, stderr } = await running;
      assertEquals(code, HALTED, stderr);
    });
  } finally {
    await Deno.remove(root, { recursive: true });
  }
});

function expectSystemd({ stdout, stderr }: RunResult): void {
  const [state, target, cgroup, limit, controllers = "", ...kernels] = stdout.split("\n");
  assertEquals([state, target], ["running", "active"], stderr);
  assertEquals([cgroup, limit], ["0::/system.slice/limited.service", `${64 << 20}`]);
  const names = kernels.map((name) => name === "blkio" ? "io" : name);
  const expected = ["cpu", "cpuset", "hugetlb", "io", "memory", "pids"].filter((name) =>
    names.includes(name)
  );
  assertEquals(controllers.split(" ").filter((name) => names.includes(name)).sort(), expected);
}
