/** podman with the systemd cgroup manager. Runs inside the systemd host. */
import { podmanSuite } from "../../engines/podman/suite.ts";
import { runSuite } from "../../engines/suite.ts";

runSuite({ ...podmanSuite("systemd"), emulated: true });
