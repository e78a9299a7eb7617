/** docker on this machine, with its cgroupfs manager. */
import { dockerSuite } from "./docker/suite.ts";
import { nativeHost } from "./native_host.ts";
import { runSuite } from "./suite.ts";

runSuite(dockerSuite(await nativeHost()));
