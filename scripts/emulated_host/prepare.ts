/**
 * Everything the emulated host needs, cached below `build/cache/` between runs: Debian packages, kernel, initramfs,
 * libkrun. `deno run -A scripts/emulated_host/prepare.ts` does it ahead of time; run.ts does it by itself.
 */
import { runMain } from "../run_main.ts";
import { installNewer, installPackages } from "./debian_packages.ts";
import { prepareInitramfs } from "./initramfs.ts";
import { type Kernel, prepareKernel } from "./kernel.ts";
import { prepareKrunLibraries } from "./krun_libraries.ts";
import { type Machine, machineFor } from "./machine.ts";
import { prepareSystemdRoot } from "./systemd_root.ts";

/**
 * Before 8.1, QEMU translates a page's code first and watches the page for writes then. A processor that runs code while
 * another one patches it may keep the old code for ever, and Linux patches itself whenever the first microVM begins and the
 * last one ends: the host stood still in one of some fifty boots.
 */
const OLDEST_QEMU = "1:8.1";

export interface HostImage {
  readonly machine: Machine;
  readonly kernel: Kernel;
  /** Path of the initramfs. */
  readonly initramfs: string;
  /** Folder with libkrun.so.1 and libkrunfw.so.5. */
  readonly krunLibraries: string;
  /** Folder that is the root of a systemd host; absent for a plain one. */
  readonly systemdRoot?: string;
}

/**
 * Prepares what is not prepared yet; takes a few milliseconds when nothing is missing, about 15 s when everything is,
 * half a minute more for a systemd host.
 * @throws {HostError} when this machine is not a Debian, or packages are missing and the caller is not root.
 */
export async function prepareEmulatedHost(
  { systemd = false }: { readonly systemd?: boolean } = {},
): Promise<HostImage> {
  const machine = machineFor(Deno.build.arch);
  await installPackages(machine.debianPackages);
  await installNewer(machine.qemuPackage, OLDEST_QEMU);
  const [kernel, krunLibraries] = await Promise.all([
    prepareKernel(machine),
    prepareKrunLibraries(machine),
  ]);
  const initramfs = await prepareInitramfs(machine, kernel);
  const image = { machine, kernel, initramfs, krunLibraries };
  return systemd ? { ...image, systemdRoot: await prepareSystemdRoot() } : image;
}

async function main(): Promise<void> {
  const started = performance.now();
  const image = await prepareEmulatedHost({ systemd: true });
  const seconds = ((performance.now() - started) / 1000).toFixed(2);
  console.log(`kernel ${image.kernel.release}, libkrun in ${image.krunLibraries} (${seconds} s)`);
}

if (import.meta.main) await runMain("emulated host", main);
