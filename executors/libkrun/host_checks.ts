/**
 * Checks what a microVM needs from the host, before anything is made: libkrun, its firmware, /dev/kvm. Each failure has its
 * own message with the remedy.
 */
import { type Libkrun, openLibkrun } from "../../ffi/libkrun.ts";
import type { Feature, LibkrunExtras } from "../../ffi/libkrun_extras.ts";
import { tryOpenDevice } from "../../ffi/descriptors.ts";
import type { Given } from "../../runtime/administrator_file.ts";
import { describeErrno, HostError, SpecError } from "../../runtime/common/errors.ts";
import type { Spec } from "../../runtime/spec/spec.ts";
import { KVM_PATH, vmDevices } from "./devices.ts";
import { findPasst } from "./passt.ts";
import { passtPlace, type VmSettings } from "./settings/settings.ts";
import { EACCES, ENODEV, ENOENT, ENXIO } from "../../runtime/common/errno.ts";

/** Reasons for a missing device. */
const DRIVERS: Readonly<Record<string, string>> = {
  "/dev/kvm":
    "load the module kvm_intel or kvm_amd, and enable virtualisation in the firmware, or " +
    "nested virtualisation if this host is a virtual machine itself",
  "/dev/net/tun": "load the module tun",
  "/dev/sev": "enable SEV in the firmware, and load the module ccp",
  "/dev/nitro_enclaves": "run on an EC2 instance with enclaves enabled, and load nitro_enclaves",
};

/** The size of the table that libkrun's guest init in C fills without a bounds check, minus the final NULL. */
const MAX_ARGS_OF_INIT_IN_C = 31;

/**
 * @throws {HostError} when libkrun, libkrunfw or a usable /dev/kvm is missing.
 * @throws {SpecError} for settings that need a later libkrun.
 */
export function checkLibkrunHost(
  spec: Spec,
  settings: VmSettings,
  passt?: Given<string>,
): void {
  const { library, variant, kernel, firmware } = settings;
  const libkrun = openLibkrun(library, variant, firmware);
  // A flavour has a firmware of its own, and an external kernel needs none.
  if (!variant && !kernel) checkFirmware(libkrun);
  if (settings.agent) checkAgentPort(libkrun);
  else checkArguments(libkrun, spec.process?.args ?? []);
  checkFeatures(libkrun.extras, settings, passt);
  for (const { path } of vmDevices(settings)) {
    const errno = tryOpenDevice(path);
    if (errno !== 0) throw deviceError(path, errno);
  }
}

/** The last of the agent's requirements to appear in libkrun 1.x. */
function checkAgentPort({ abi, extras }: Libkrun): void {
  if (abi === 2 || extras.has("krun_add_vsock_port2")) return;
  throw new HostError(
    "this libkrun is too old for kago's guest agent: it has no krun_add_vsock_port2",
    'install libkrun 1.10.1 or later, or set annotations["krun.agent"] to 0',
  );
}

/** libkrun does not check it before krun_start_enter(), when the container already exists. */
function checkFirmware(libkrun: Libkrun): void {
  libkrun.lookForFirmware();
  if (libkrun.hasFirmware()) return;
  throw new HostError(
    "libkrunfw, the guest kernel of libkrun, cannot be loaded",
    "install the version of libkrunfw that this libkrun needs, and run ldconfig",
  );
}

/** Settings that this libkrun, or the host, does not support. */
function checkFeatures(
  extras: LibkrunExtras,
  settings: VmSettings,
  passt: Given<string> | undefined,
): void {
  const { network, disks, gpuFlags, nestedVirt } = settings;
  if (network && network.kind !== "none") {
    const wantedBy = placeOf(network);
    requireFeature(extras, "net", wantedBy);
    if (network.kind === "passt") findPasst(wantedBy, passt);
  }
  if (disks?.length) requireFeature(extras, "blk", 'annotations["krun.disk"]');
  if (gpuFlags !== undefined) {
    requireFeature(extras, "gpu", 'annotations["krun.gpu_flags"]');
    checkGpu();
  }
  if (nestedVirt && extras.checkNestedVirt() === false) {
    throw new HostError(
      'annotations["krun.nested_virt"]: this host\'s KVM does not nest virtual machines',
      "load kvm_intel or kvm_amd with nested=1, or leave the annotation out",
    );
  }
}

function placeOf(network: NonNullable<VmSettings["network"]>): string {
  if (network.kind === "tap") return 'annotations["krun.tap_name"]';
  return passtPlace(network.byFile);
}

function requireFeature(extras: LibkrunExtras, feature: Feature, wantedBy: string): void {
  if (extras.hasFeature(feature) !== false) return;
  throw new HostError(
    `${wantedBy}: this libkrun was built without the feature ${feature}`,
    "install one that was built with it",
  );
}

/** On the host: an image may have such a folder too. */
function checkGpu(): void {
  try {
    Deno.statSync("/dev/dri");
  } catch (cause) {
    throw new HostError(
      'annotations["krun.gpu_flags"]: the host has no /dev/dri',
      "install the driver, or leave the annotation out",
      { cause },
    );
  }
}

/** More arguments overwrite the guest init's memory, and it executes something else or nothing. */
function checkArguments(libkrun: Libkrun, args: readonly string[]): void {
  if (args.length <= MAX_ARGS_OF_INIT_IN_C || !libkrun.hasInitInC()) return;
  throw new SpecError(
    "process.args",
    `has ${args.length} entries, the guest init of this libkrun takes ${MAX_ARGS_OF_INIT_IN_C}: ` +
      "put the command into a script, or install a newer libkrun",
  );
}

/** The error for a device that the VMM needs and that cannot be opened on the host. */
export function deviceError(path: string, errno: number): HostError {
  if (errno === ENOENT || errno === ENXIO || errno === ENODEV) {
    const problem = `${path} ${errno === ENOENT ? "does not exist" : "has no driver"}`;
    return new HostError(problem, DRIVERS[path] ?? "load the kernel module for it");
  }
  const problem = `${path} cannot be opened: ${describeErrno(errno)}`;
  const remedy = errno === EACCES && path === KVM_PATH
    ? "add the user to the group kvm (usermod -aG kvm USER) and log in again"
    : "see the kernel's log for the reason";
  return new HostError(problem, remedy);
}
