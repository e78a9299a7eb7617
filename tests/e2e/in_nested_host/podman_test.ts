/** podman in a microVM whose process is systemd, root's and an ordinary user's, with the real libkrun. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import type { RunResult } from "../../harness/run.ts";
import { INNER_PODMAN, PODMAN, PODMAN_RUN } from "../harness/inner_podman.ts";
import { fetch, PAGE, SERVE } from "../harness/inner_web.ts";
import { AWAIT_SYSTEMD, withSystemd } from "../harness/systemd_root.ts";

/** poweroff is reboot(2), whose caller's process 1 ends by SIGINT (pid_namespaces(7)). */
const POWERED_OFF = 130;

type Shell = (script: string) => Promise<RunResult>;

Deno.test("podman runs containers beside systemd in a guest, as root and as an ordinary user", async () => {
  await withSystemd(INNER_PODMAN, async (_kago, sh, running) => {
    await expectRoots(sh);
    await expectUsers(sh);
    await expectStored(sh);
    await expectNetwork(sh);
    await sh("shutdown now");
    const { code, stderr } = await running;
    assertEquals(code, POWERED_OFF, stderr);
  });
});

async function expectRoots(sh: Shell): Promise<void> {
  const box = "/var/lib/containers/box";
  const { code, stdout, stderr } = await sh(
    `${AWAIT_SYSTEMD}; systemctl is-system-running --wait >&2; systemctl --failed --no-legend >&2; ` +
      `cp -a /srv/box ${box} && ${PODMAN_RUN} --network=none --rootfs ${box} sh -c 'id -u; exit 7'`,
  );
  assertEquals([code, stdout], [7, "0\n"], stderr);
}

async function expectUsers(sh: Shell): Promise<void> {
  const { stdout, stderr } = await sh(
    "systemctl start rootless.service; systemctl show -p ExecMainStatus --value rootless.service; " +
      "cat /run/rootless.out /run/rootless.err",
  );
  assertStringIncludes(
    stdout.replaceAll(/[ \t]+/g, " "),
    "9\n0\n 0 1000 1\n 1 100000 65536\n",
    stderr,
  );
}

/** An image's files can be linked, changed and removed in the container. */
async function expectStored(sh: Shell): Promise<void> {
  const { stdout, stderr } = await sh(
    `busybox tar -c -C /srv/box . | ${PODMAN} import - box >&2; ` +
      `${PODMAN} info --format '{{.Store.GraphDriverName}} {{.Host.NetworkBackend}}'; ` +
      `${PODMAN_RUN} --network=none box ` +
      "sh -c 'ln /bin/busybox /linked && rm -r /home && mkdir /home && ls -A /home && echo changed'",
  );
  assertEquals(stdout, "overlay netavark\nchanged\n", stderr);
}

async function expectNetwork(sh: Shell): Promise<void> {
  const { stdout, stderr } = await sh(
    `${PODMAN} network create other >&2; ` +
      `${PODMAN_RUN} --name web -d --network=other -p 8080:80 box sh -c '${SERVE}' >&2; ` +
      `${PODMAN_RUN} --network=other box ${fetch("web")}; ` +
      `${fetch("127.0.0.1:8080")}; ` +
      `${PODMAN_RUN} --network=host box ${fetch("127.0.0.1:8080")}`,
  );
  assertEquals(stdout, PAGE.repeat(3), stderr);
}
