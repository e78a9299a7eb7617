/** An ordinary user's podman, with the user's systemd as cgroup manager. Runs inside the systemd host. */
import { podmanSuite } from "../../engines/podman/suite.ts";
import { runSuite } from "../../engines/suite.ts";
import { installForUser } from "../../harness/ordinary_user.ts";

await installForUser();

runSuite({ ...podmanSuite("rootless"), emulated: true, runtimes: ["kago", "crun"] });
