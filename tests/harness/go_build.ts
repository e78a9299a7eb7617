/**
 * Programs of Go modules that the tests use and Debian does not have. It owns their building: a go.mod pins the versions,
 * and the go.sum beside it the content of every module.
 */
import { cachedDirectory } from "../../scripts/emulated_host/cache.ts";
import { toolText } from "../../scripts/emulated_host/command.ts";
import { findGo } from "./go_tool.ts";

export const FLAGS = ["-mod=readonly", "-trimpath", "-buildvcs=false", "-ldflags=-s -w"];

/** Static, so that they run in the emulated hosts and in a foreign root too; and nothing of the caller's Go settings. */
const ENVIRONMENT = ["CGO_ENABLED=0", "GOTOOLCHAIN=local", "GOFLAGS=", "GOWORK=off"];

/**
 * The folder `build/cache/NAME` with the programs of `packages`, which are named as Go names them; the first call builds
 * them, which takes a minute or two.
 * @param module the folder of go.mod and go.sum.
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

/** Runs the command `go` in the folder of a module and returns what it prints. */
export async function go(module: string, ...args: string[]): Promise<string> {
  return await toolText("env", [...ENVIRONMENT, await findGo(), ...args], { cwd: module });
}
