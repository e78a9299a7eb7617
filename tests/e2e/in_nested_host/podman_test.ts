/** podman in a microVM whose process is systemd, root's and an ordinary user's, with the real libkrun. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { AWAIT_SYSTEMD, PODMAN_RUN, withSystemd } from "../harness/systemd_root.ts";

Deno.test("podman runs containers beside systemd in a guest, as root and as an ordinary user", async () => {
  await withSystemd(async (kago, sh, running) => {
    const box = "/var/lib/containers/box";
    const script = `${AWAIT_SYSTEMD}; systemctl is-system-running --wait >&2; ` +
      `cp -a /srv/box ${box} && ${PODMAN_RUN} ${box} sh -c 'id -u; exit 7'`;
    const own = await sh(script);
    assertEquals([own.code, own.stdout], [7, "0\n"], own.stderr);
    const users = await sh(
      "systemctl start rootless.service; systemctl show -p ExecMainStatus --value rootless.service; " +
        "cat /run/rootless.out /run/rootless.err",
    );
    const said = users.stdout.replaceAll(/[ \t]+/g, " ");
    assertStringIncludes(said, "9\n0\n 0 1000 1\n 1 100000 65536\n", users.stderr);
    assertEquals((await kago.run("kill", kago.id, "KILL")).code, 0);
    await running;
  });
});
