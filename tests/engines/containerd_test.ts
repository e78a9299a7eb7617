/** containerd on this machine, with its cgroupfs manager: `ctr`, and pods through its CRI plugin, with containerd 2 too. */
import { containerdSuite, cri2Suite, criSuite } from "./containerd/suite.ts";
import { nativeHost } from "./native_host.ts";
import { runSuite } from "./suite.ts";

runSuite(containerdSuite(await nativeHost()));
runSuite(criSuite(await nativeHost()));
runSuite(cri2Suite(await nativeHost()));
