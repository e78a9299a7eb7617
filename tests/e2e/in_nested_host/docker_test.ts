/** Docker in a microVM whose process is systemd, on a disk and with a card of passt's, with the real libkrun. */
import { assertEquals } from "@std/assert";
import { run, type RunResult } from "../../harness/run.ts";
import { INNER_DOCKER, START_DOCKER } from "../harness/inner_docker.ts";
import { fetch, PAGE, SERVE } from "../harness/inner_web.ts";
import { AWAIT_SYSTEMD, type InnerEngine, withSystemd } from "../harness/systemd_root.ts";
import { namespacePath, NETWORKS, World } from "../in_microvm_host/network_world.ts";

/** reboot is reboot(2), whose caller's process 1 ends by SIGHUP (pid_namespaces(7)). */
const REBOOTED = 129;

const { own, world } = NETWORKS.private;

const ENGINE: InnerEngine = {
  ...INNER_DOCKER,
  annotations: {
    ...INNER_DOCKER.annotations,
    "krun.use_passt": "1",
    "krun.port_map": "8080:8080", // binding every port takes seconds under emulation
  },
  network: namespacePath("private"),
};

type Shell = (script: string) => Promise<RunResult>;

Deno.test("Docker runs containers beside systemd in a guest, on a disk and with networks of its own", async () => {
  const folder = await Deno.makeTempDir({ prefix: "docker_" });
  {
    await using _world = await World.make(folder);
    await withSystemd(ENGINE, async (_kago, sh, running) => {
      await expectEngine(sh);
      await expectContainer(sh);
      await expectNetworks(sh);
      await sh("systemctl reboot");
      const { code, stderr } = await running;
      assertEquals(code, REBOOTED, stderr);
    });
  }
  await Deno.remove(folder, { recursive: true });
});

async function expectEngine(sh: Shell): Promise<void> {
  const { stdout, stderr } = await sh(
    `${AWAIT_SYSTEMD}; systemctl is-system-running --wait >&2; ${START_DOCKER}; ` +
      "docker info --format '{{.Driver}} {{.CgroupDriver}} {{.CgroupVersion}}'",
  );
  assertEquals(stdout, "overlay2 systemd 2\n", stderr);
}

async function expectContainer(sh: Shell): Promise<void> {
  const { code, stdout, stderr } = await sh(
    "busybox tar -c -C /srv/box . | docker import - box >&2; " +
      "docker run --rm --network=none -m 64m box sh -c 'cat /sys/fs/cgroup/memory.max; " +
      "ln /bin/busybox /linked && rm -r /home && mkdir /home && ls -A /home; exit 7'",
  );
  assertEquals([code, stdout], [7, `${64 << 20}\n`], stderr);
}

/** Among containers by name, from the guest and from outside by a published port, and to outside. */
async function expectNetworks(sh: Shell): Promise<void> {
  const inside = await sh(
    "docker network create other >&2; " +
      `docker run --rm --name web -d --network=other -p 8080:80 box sh -c '${SERVE}' >&2; ` +
      `docker run --rm --network=other box ${fetch("web")}; ` +
      `docker run --rm --network=host box ${fetch("127.0.0.1:8080")}; ` +
      "docker exec web sh -c 'exit 5'; echo $?",
  );
  assertEquals(inside.stdout, `${PAGE.repeat(2)}5\n`, inside.stderr);
  const words = ["netns", "exec", "kago-world", "busybox", ...fetch(`${own}:8080`).split(" ")];
  assertEquals((await run("ip", words)).stdout, PAGE);
  const outside = await sh(
    `docker run --rm box sh -c '(printf hello; sleep 5) | nc ${world} 80'`,
  );
  assertEquals(outside.stdout, "hello from world", outside.stderr);
}
