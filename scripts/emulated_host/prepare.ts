/**
 * Everything the emulated host needs, cached below `build/cache/` between runs: Debian packages, kernel, initramfs,
 * libkrun. `deno run -A scripts/emulated_host/prepare.ts` does it ahead of time; run.ts does it by itself.
 */
import { HostError } from "../../runtime/errors.ts";
import { tool, toolText } from "./command.ts";
import { prepareInitramfs } from "./initramfs.ts";
import { type Kernel, prepareKernel } from "./kernel.ts";
import { prepareKrunLibraries } from "./krun_libraries.ts";
import { type Machine, machineFor } from "./machine.ts";

export interface HostImage {
  readonly machine: Machine;
  readonly kernel: Kernel;
  /** Path of the initramfs. */
  readonly initramfs: string;
  /** Folder with libkrun.so.1 and libkrunfw.so.5. */
  readonly krunLibraries: string;
}

/**
 * Prepares what is not prepared yet; takes a few milliseconds when nothing is missing, about 15 s when everything is.
 * @throws {HostError} when this machine is not a Debian, or packages are missing and the caller is not root.
 */
export async function prepareEmulatedHost(): Promise<HostImage> {
  const machine = machineFor(Deno.build.arch);
  await installPackages(machine.debianPackages);
  const [kernel, krunLibraries] = await Promise.all([
    prepareKernel(machine),
    prepareKrunLibraries(machine),
  ]);
  return { machine, kernel, initramfs: await prepareInitramfs(machine, kernel), krunLibraries };
}

async function installPackages(packages: readonly string[]): Promise<void> {
  const missing = await missingPackages(packages);
  if (missing.length === 0) return;
  const install = ["install", "-y", "--no-install-recommends", ...missing];
  if (Deno.uid() !== 0) {
    throw new HostError(
      `the Debian packages ${missing.join(", ")} are missing`,
      `run apt-get ${install.join(" ")} as root`,
    );
  }
  await refreshPackageLists(missing);
  await tool("apt-get", ["-q", ...install]);
}

async function missingPackages(packages: readonly string[]): Promise<string[]> {
  const query = new Deno.Command("dpkg-query", {
    args: ["-W", "-f", "${Package} ${db:Status-Status}\n", ...packages],
    stdin: "null",
    stdout: "piped",
    stderr: "null", // it names each unknown package there and ends with 1
  });
  const { stdout } = await query.output();
  const installed = new TextDecoder().decode(stdout).split("\n");
  return packages.filter((name) => !installed.includes(`${name} installed`));
}

/** A fresh container image has no package lists at all; one that knows every package needs no update. */
async function refreshPackageLists(packages: readonly string[]): Promise<void> {
  const known = await toolText("apt-cache", ["policy", ...packages]);
  const candidates = known.match(/Candidate: (?!\(none\))/g) ?? [];
  if (candidates.length < packages.length) await tool("apt-get", ["-q", "update"]);
}

if (import.meta.main) {
  const started = performance.now();
  const image = await prepareEmulatedHost();
  const seconds = ((performance.now() - started) / 1000).toFixed(2);
  console.log(`kernel ${image.kernel.release}, libkrun in ${image.krunLibraries} (${seconds} s)`);
}
