/**
 * Applies v2's device rules: attaches the program of device_program.ts to the container's cgroup, in place of the one that
 * kago attached before. Programs of others stay, such as systemd's: each must allow an access.
 */
import { closeFd, openFolder } from "../../../ffi/descriptors.ts";
import { SyscallError } from "../../common/errors.ts";
import { type ProgramKind, setProgram } from "../bpf_program.ts";
import type { DeviceProgram } from "./device_program.ts";
import { EACCES, EPERM } from "../../common/errno.ts";
import type { CgroupRecord } from "../path.ts";

const FROM = "linux.resources.devices";

/** linux/bpf.h: BPF_PROG_TYPE_CGROUP_DEVICE, BPF_CGROUP_DEVICE. */
const KIND: ProgramKind = { type: 15, attach: 6, name: "kago_devices" };

/**
 * Rules that deny nothing are left out when they cannot be attached. So are others without permission to load programs if
 * this process is in a user namespace or not root, as runc does: such containers cannot create device nodes, and can open
 * only those whose mode allows it.
 * @throws {SyscallError} with the verifier's log, when the kernel refuses.
 */
export function attachDeviceProgram(record: CgroupRecord, program: DeviceProgram): void {
  const path = record.directories.find(({ version }) => version === 2)?.path;
  if (path === undefined) return;
  const folder = openFolder(path);
  try {
    setProgram(folder, KIND, program.code);
  } catch (cause) {
    if (!(cause instanceof SyscallError)) throw cause;
    const { errno, operation } = cause;
    const forbidden = errno === EPERM || errno === EACCES;
    if (program.dispensable || forbidden && isConfined()) return;
    throw new SyscallError(`${FROM}: device rules of ${path}: ${operation}`, errno);
  } finally {
    closeFd(folder);
  }
}

/** Not root, or root only in a user namespace (user_namespaces(7)). */
function isConfined(): boolean {
  if (Deno.uid() !== 0) return true;
  const map = Deno.readTextFileSync("/proc/self/uid_map").trim().split(/\s+/);
  return map.join(" ") !== "0 0 4294967295";
}
