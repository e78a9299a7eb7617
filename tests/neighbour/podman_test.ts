/** podman's way through kago: runs, health checks, execs, and user namespaces of its own making. Needs root, runc and podman. */
import { assertEquals } from "@std/assert";
import { nativeHost } from "../engines/native_host.ts";
import { IMAGE, Podman } from "../engines/podman/podman.ts";
import { ofRuntime } from "./hold.ts";
import { Neighbour } from "./neighbour.ts";

const MAPS = ["--uidmap", "0:100000:65536", "--gidmap", "0:100000:65536"];
const HEALTH = ["--health-cmd", "sleep 0.3", "--health-interval", "disable"];

async function workload(podman: Podman): Promise<void> {
  for (const options of [[], MAPS, ["--sysctl", "net.ipv4.ip_forward=1"]]) {
    await podman.run(...options, IMAGE, "sleep", "0.3");
  }
  await podman.ok("run", "-d", "--name", "watched", ...HEALTH, IMAGE, "sleep", "1000");
  await podman.ok("healthcheck", "run", "watched");
  await podman.ok("exec", "--user", "1000", "watched", "sleep", "0.3");
  await podman.ok("rm", "--force", "--time", "0", "watched");
}

Deno.test({
  name: "a neighbour gets nothing of kago's while podman runs containers",
  // podman's own cleanup may outlast it.
  sanitizeOps: false,
  sanitizeResources: false,
  async fn() {
    const podman = await Podman.open("kago", await nativeHost());
    try {
      await using neighbour = await Neighbour.start();
      await workload(podman);
      await neighbour.hasLooked();
      assertEquals(ofRuntime(neighbour.holds(), "kago"), []);
    } finally {
      await podman.close();
    }
  },
});
