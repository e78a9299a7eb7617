/** podman on pure cgroup v2. Runs inside the emulated host. */
import { podmanSuite } from "../../engines/podman/suite.ts";
import { runSuite } from "../../engines/suite.ts";

// The ids that --userns=auto takes from (containers-storage.conf(5)).
for (const file of ["/etc/subuid", "/etc/subgid"]) {
  await Deno.writeTextFile(file, "containers:1000000:1000000\n", { append: true });
}

runSuite({ ...podmanSuite("v2"), emulated: true });
