/** containerd on pure cgroup v2. Runs inside the emulated host. */
import { containerdSuite } from "../../engines/containerd/suite.ts";
import { runSuite } from "../../engines/suite.ts";

runSuite({ ...containerdSuite("v2"), emulated: true });
