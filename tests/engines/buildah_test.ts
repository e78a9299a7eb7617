/** buildah on this machine. */
import { buildahSuite } from "./buildah/suite.ts";
import { nativeHost } from "./native_host.ts";
import { runSuite } from "./suite.ts";

runSuite(buildahSuite(await nativeHost()));
