/**
 * Builds programs of Go modules that the tests use and Debian does not have. A go.mod pins the versions, and the go.sum
 * beside it the content of every module.
 */
import { cachedDirectory } from "../../scripts/emulated_host/cache.ts";
import { toolText } from "../../scripts/emulated_host/command.ts";
import { findGo } from "./go_tool.ts";

export const FLAGS = ["-mod=readonly", "-trimpath", "-buildvcs=false", "-ldflags=-s -w"];

/** Static, so that they also run in the emulated hosts and in a foreign root; without the caller's Go settings. */
const ENVIRONMENT = ["CGO_ENABLED=0", "GOTOOLCHAIN=local", "GOFLAGS=", "GOWORK=off"];

/**
 * The directory `build/cache/NAME` with the programs of `packages`, which are Go package paths. The first call builds
 * them, which takes a minute or two.
 * @param module the directory of go.mod and go.sum.
 */
export async function goPrograms(
  name: string,
  module: string,
  packages: readonly string[],
  tags: readonly string[] = [],
): Promise<string> {
  const manifest = await Deno.readTextFile(`${module}/go.mod`);
  const sums = await Deno.readTextFile(`${module}/go.sum`);
  const flags = [...FLAGS, ...(tags.length > 0 ? [`-tags=${tags}`] : [])];
  const inputs = [Deno.build.arch, flags, packages, manifest, sums];
  return await cachedDirectory(name, inputs, async (folder) => {
    await go(module, "build", ...flags, "-o", `${folder}/`, ...packages);
  });
}

/** Runs the command `go` in the directory of a module and returns its output. */
export async function go(module: string, ...args: string[]): Promise<string> {
  return await toolText("env", [...ENVIRONMENT, await findGo(), ...args], { cwd: module });
}
