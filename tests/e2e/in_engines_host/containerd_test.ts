/** containerd on pure cgroup v2, and its CRI plugin. Runs inside the emulated host. */
import { containerdSuite, criSuite } from "../../engines/containerd/suite.ts";
import { runSuite } from "../../engines/suite.ts";

runSuite({ ...containerdSuite("v2"), emulated: true });
runSuite({ ...criSuite("v2"), emulated: true });
