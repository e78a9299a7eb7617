/** docker on pure cgroup v2. Runs inside the emulated host. */
import { dockerSuite } from "../../engines/docker/suite.ts";
import { runSuite } from "../../engines/suite.ts";

runSuite({ ...dockerSuite("v2"), emulated: true });
