/**
 * Everything the emulated host needs, cached below `build/cache/` between runs: Debian packages, kernel, initramfs,
 * libkrun. `deno run -A scripts/emulated_host/prepare.ts` prepares it in advance; run.ts does so itself.
 */
import { runMain } from "../run_main.ts";
import { installNewer, installPackages } from "./debian_packages.ts";
import { hostRelease } from "./apt_sources.ts";
import { prepareDebianRoot, TESTED_RELEASE, V1_RELEASE } from "./debian_root.ts";
import { prepareInitramfs } from "./initramfs.ts";
import { type Kernel, prepareKernel } from "./kernel.ts";
import { prepareKrunLibraries } from "./krun_libraries.ts";
import { type Machine, machineFor } from "./machine.ts";

/**
 * Before 8.1, QEMU translates a page's code first and only then watches the page for writes. A processor that runs code
 * while another one patches it may keep the old code for ever, and Linux patches itself whenever the first microVM begins
 * and the last one ends: the host hung in one of some fifty boots.
 */
const OLDEST_QEMU = "1:8.1";

export interface HostImage {
  readonly machine: Machine;
  readonly kernel: Kernel;
  /** Path of the initramfs. */
  readonly initramfs: string;
  /** Folder with libkrun.so.1 and libkrunfw.so.5. */
  readonly krunLibraries: string;
  /** Folder with the host's root; absent if that is this machine's own. */
  readonly root?: string;
}

/**
 * Prepares what is missing; takes a few milliseconds when nothing is, about 15 s when everything is, a minute more for the
 * root of a release.
 * @param release the code name of a Debian release; absent: this machine's files, and the kernel of its release.
 * @throws {HostError} when this machine is not a Debian, or packages are missing and the caller is not root.
 */
export async function prepareEmulatedHost(
  { release }: { readonly release?: string } = {},
): Promise<HostImage> {
  const machine = machineFor(Deno.build.arch);
  await installPackages(machine.debianPackages);
  await installNewer(machine.qemuPackage, OLDEST_QEMU);
  const name = release ?? await hostRelease();
  const [kernel, krunLibraries] = await Promise.all([
    prepareKernel(machine, name),
    prepareKrunLibraries(machine),
  ]);
  const initramfs = await prepareInitramfs(machine, kernel, name);
  const image = { machine, kernel, initramfs, krunLibraries };
  return release ? { ...image, root: await prepareDebianRoot(release) } : image;
}

async function main(): Promise<void> {
  const started = performance.now();
  for (const release of [TESTED_RELEASE, V1_RELEASE]) {
    const { kernel, krunLibraries } = await prepareEmulatedHost({ release });
    const seconds = ((performance.now() - started) / 1000).toFixed(2);
    console.log(`${release}: kernel ${kernel.release}, libkrun in ${krunLibraries} (${seconds} s)`);
  }
}

if (import.meta.main) await runMain("emulated host", main);
