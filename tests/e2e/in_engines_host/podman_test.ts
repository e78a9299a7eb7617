/** podman on pure cgroup v2. Runs inside the emulated host. */
import { podmanSuite } from "../../engines/podman/suite.ts";
import { runSuite } from "../../engines/suite.ts";

runSuite({ ...podmanSuite("v2"), emulated: true });
