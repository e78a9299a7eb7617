/** containerd's CRI plugin with `SystemdCgroup = true`. Runs inside the systemd host. */
import { criSuite } from "../../engines/containerd/suite.ts";
import { runSuite } from "../../engines/suite.ts";

runSuite({ ...criSuite("systemd"), emulated: true });
