/** podman on this machine, with its cgroupfs manager. */
import { podmanSuite } from "./podman/suite.ts";
import { nativeHost } from "./native_host.ts";
import { runSuite } from "./suite.ts";

runSuite(podmanSuite(await nativeHost()));
