/**
 * What a microVM takes from the host, looked at before anything is made: libkrun, its firmware, /dev/kvm. Each lack has
 * a sentence of its own with what to do about it.
 */
import { type Libkrun, openLibkrun } from "../../ffi/libkrun.ts";
import { tryOpenDevice } from "../../ffi/shim.ts";
import { describeErrno, HostError, SpecError } from "../../runtime/errors.ts";
import type { Spec } from "../../runtime/spec/spec.ts";
import type { VmSettings } from "./annotations.ts";
import { KVM_PATH } from "./kvm_device.ts";
import { checkLibraryPath } from "./library_path.ts";

const ENOENT = 2;
const ENXIO = 6;
const EACCES = 13;
const ENODEV = 19;

/** The size of the table that libkrun's guest init in C fills without looking, less the NULL at its end. */
const MAX_ARGS_OF_INIT_IN_C = 31;

/**
 * @throws {HostError} when libkrun, libkrunfw or a usable /dev/kvm is missing.
 * @throws {SpecError} when the installed libkrun cannot carry out what a later one can.
 */
export function checkLibkrunHost(
  spec: Spec,
  { libkrunPath }: VmSettings,
  rootfs: string,
): void {
  if (libkrunPath !== undefined) checkLibraryPath(libkrunPath, rootfs);
  const libkrun = openLibkrun(libkrunPath);
  checkFirmware(libkrun);
  checkArguments(libkrun, spec.process?.args ?? []);
  const errno = tryOpenDevice(KVM_PATH);
  if (errno !== 0) throw kvmError(errno);
}

/** libkrun says nothing of it before krun_start_enter(), when the container is already there. */
function checkFirmware(libkrun: Libkrun): void {
  libkrun.createContext();
  if (libkrun.hasFirmware()) return;
  throw new HostError(
    "libkrunfw, the guest kernel of libkrun, cannot be loaded",
    "install libkrunfw of the version that this libkrun wants, and run ldconfig",
  );
}

/** More of them overwrite the guest init's memory, and it runs something else or nothing. */
function checkArguments(libkrun: Libkrun, args: readonly string[]): void {
  if (args.length <= MAX_ARGS_OF_INIT_IN_C || !libkrun.hasInitInC()) return;
  throw new SpecError(
    "process.args",
    `has ${args.length} entries, the guest init of this libkrun takes ${MAX_ARGS_OF_INIT_IN_C}: ` +
      "put the command into a script, or install a newer libkrun",
  );
}

/** Why /dev/kvm cannot be opened on the host. */
export function kvmError(errno: number): HostError {
  if (errno === ENOENT || errno === ENXIO || errno === ENODEV) {
    return new HostError(
      `${KVM_PATH} ${errno === ENOENT ? "does not exist" : "has no driver"}`,
      "load the module kvm_intel or kvm_amd, and turn on virtualisation in the firmware, or " +
        "nested virtualisation if this host is a virtual machine itself",
    );
  }
  const problem = `${KVM_PATH} cannot be opened: ${describeErrno(errno)}`;
  const remedy = errno === EACCES
    ? "add the user to the group kvm (usermod -aG kvm USER) and log in again"
    : "see the kernel's log for why";
  return new HostError(problem, remedy);
}
