/** containerd 2, since Debian has 1.6 or 1.7: the daemon and its shim. `ctr` is Debian's, whose API is the same. */
import { goPrograms } from "../../harness/go_build.ts";

const HERE = new URL(".", import.meta.url).pathname;
const COMMANDS = "github.com/containerd/containerd/v2/cmd";

/** Features that no test uses, and that take half a minute to compile. */
const TAGS = ["no_devmapper", "no_zfs", "no_tracing"];

/** The folder with `containerd` and `containerd-shim-runc-v2`. */
export function prepareContainerd2(): Promise<string> {
  const packages = [`${COMMANDS}/containerd`, `${COMMANDS}/containerd-shim-runc-v2`];
  return goPrograms("containerd", HERE, packages, TAGS);
}
