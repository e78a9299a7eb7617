/**
 * `crictl`, the client of the Container Runtime Interface (github.com/kubernetes-sigs/cri-tools), which Debian does not
 * have. It owns its building; go.mod pins the version and go.sum the content of every module.
 */
import { findGo } from "../conformance/go_tool.ts";
import { cachedDirectory } from "../emulated_host/cache.ts";
import { tool } from "../emulated_host/command.ts";

const PACKAGE = "sigs.k8s.io/cri-tools/cmd/crictl";
const HERE = new URL(".", import.meta.url).pathname;
const BUILD_FLAGS = ["-mod=readonly", "-trimpath", "-buildvcs=false", "-ldflags=-s -w"];

/** Static, so that it runs in the emulated hosts too; and nothing of the caller's Go settings. */
const ENVIRONMENT = ["CGO_ENABLED=0", "GOTOOLCHAIN=local", "GOFLAGS=", "GOWORK=off"];

/** The path of the program; the first call builds it, which takes a minute or two. */
export async function prepareCrictl(): Promise<string> {
  const manifest = await Deno.readTextFile(`${HERE}go.mod`);
  const sums = await Deno.readTextFile(`${HERE}go.sum`);
  const inputs = [Deno.build.arch, BUILD_FLAGS, manifest, sums];
  const directory = await cachedDirectory("crictl", inputs, async (folder) => {
    const build = [await findGo(), "build", ...BUILD_FLAGS, "-o", `${folder}/crictl`, PACKAGE];
    await tool("env", [...ENVIRONMENT, ...build], { cwd: HERE });
  });
  return `${directory}/crictl`;
}
