/** containerd on this machine, with its cgroupfs manager. */
import { containerdSuite } from "./containerd/suite.ts";
import { nativeHost } from "./native_host.ts";
import { runSuite } from "./suite.ts";

runSuite(containerdSuite(await nativeHost()));
