/**
 * The cgroupfs driver: creates a container's cgroup by writing to the cgroup filesystem, and defines how Init joins it.
 * path.ts and resources.ts choose directories and values; kill.ts works on any driver's directories.
 */
import { errnoOf, HostError, withReason } from "../../common/errors.ts";
import type { Op } from "../../plan/op.ts";
import { applyWrites, directoryFor } from "../apply.ts";
import { enableControllers } from "../limits/controllers.ts";
import type { CgroupDriver, CgroupJoin } from "./driver.ts";
import { inheritCpuset } from "../limits/cpuset.ts";
import { attachDeviceProgram } from "../devices/device_filter.ts";
import { detachEgress } from "../egress/egress_kinds.ts";
import type { DeviceProgram } from "../devices/device_program.ts";
import { EACCES, EEXIST, ENOENT, EPERM, EROFS } from "../../common/errno.ts";
import { makeFolderOfMode } from "../../common/files.ts";
import { CgroupAccessError, syscallError } from "../errors.ts";
import { cgroupPids } from "../life/kill.ts";
import type { CgroupDirectory, CgroupRecord } from "../path.ts";
import { destroyCgroup } from "../life/remove.ts";
import type { ResourceWrite } from "../resource_write.ts";
import { undoAll } from "../../common/undo.ts";

export type { CgroupJoin };

export const cgroupfsDriver: CgroupDriver = {
  join: cgroupJoin,
  create({ record, early, late, devices }) {
    createCgroup(record, early, late, devices);
    return true;
  },
  adopt() {},
  announce() {},
  destroy: destroyCgroup,
};

/**
 * Creates the directories, including missing parents, and writes the values in their order. On an error everything is
 * removed again. Parents stay when the container is deleted, as other containers may share them.
 * @param later the values for applyWrites() when Init exists; v2 needs their controllers from the start.
 * @param devices v2's device rules, applied before a process is in the cgroup.
 * @param shared whether the cgroup may exist and have processes: systemd has created it for this container.
 * @throws {CgroupAccessError} when this process may not create cgroups here.
 * @throws {CgroupWriteError} for a value that the kernel refuses, with its place in config.json.
 * @throws {HostError} when the cgroup exists and is in use, or a controller is not available.
 */
export function createCgroup(
  record: CgroupRecord,
  writes: readonly ResourceWrite[],
  later: readonly ResourceWrite[] = [],
  devices?: DeviceProgram,
  shared = false,
): void {
  const made: string[] = [];
  const inV2 = [...writes, ...later].filter((write) => directoryFor(record, write).version === 2);
  try {
    for (const directory of record.directories) {
      if (!makeDirectory(directory.path, directory, made) && !shared) reuse(directory);
      if (directory.controllers.includes("cpuset")) {
        inheritCpuset(directory.path, directory.mountPoint);
      }
      if (directory.version === 2) enableControllers(record, directory, inV2);
    }
    applyWrites(record, writes);
    if (devices) attachDeviceProgram(record, devices);
  } catch (error) {
    throw undoAll(made.map((path) => () => Deno.removeSync(path)), error);
  }
}

/**
 * Joins without the kernel's lock on all forks: `0` written to v1's `tasks` moves only the calling thread, and a clone
 * starts in its v2 cgroup. `cgroup.procs` would take that lock and wait for an RCU grace period, which costs 6 to 15 ms on
 * an idle machine, against half a millisecond.
 */
export function cgroupJoin(record: CgroupRecord): CgroupJoin {
  const writes: Op[] = record.directories
    .filter(({ version }) => version === 1)
    .map(({ path }) => (
      { op: "writeFile", path: `${path}/tasks`, data: "0", from: "linux.cgroupsPath" }
    ));
  const cloneInto = record.directories.find(({ version }) => version === 2)?.path;
  return cloneInto === undefined ? { writes } : { writes, cloneInto };
}

/** False if it existed. */
function makeDirectory(path: string, directory: CgroupDirectory, made: string[]): boolean {
  try {
    makeFolderOfMode(path, 0o755);
    made.push(path);
    return true;
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === EEXIST) return false;
    const parent = path.slice(0, path.lastIndexOf("/"));
    // Never above the mount point: what exists there is not a cgroup.
    if (errno !== ENOENT || parent.length <= directory.mountPoint.length) {
      throw mkdirError(path, errno, error);
    }
    makeDirectory(parent, directory, made);
    return makeDirectory(path, directory, made);
  }
}

/**
 * For an existing directory: it must have no processes, and egress rules of an earlier container are removed.
 * @throws {HostError} when it is in use or frozen.
 */
export function reuse(directory: CgroupDirectory): void {
  requireUnused(directory);
  if (directory.version === 2) detachEgress(directory.path);
}

/** Other processes in the cgroup would be limited and killed with the container; a frozen cgroup would stop Init. */
function requireUnused(directory: CgroupDirectory): void {
  const { path, version } = directory;
  const pids = cgroupPids({ driver: "cgroupfs", directories: [directory] });
  if (pids.length > 0) {
    throw new HostError(
      `linux.cgroupsPath: the cgroup ${path} is in use by process ${pids[0]}` +
        (pids.length > 1 ? ` and ${pids.length - 1} more` : ""),
      "give the container a cgroup of its own",
    );
  }
  const [file, frozen] = version === 2 ? ["cgroup.freeze", "1"] : ["freezer.state", "FROZEN"];
  if (version === 1 && !directory.controllers.includes("freezer")) return;
  if (Deno.readTextFileSync(`${path}/${file}`).trim() === frozen) {
    throw new HostError(`linux.cgroupsPath: the cgroup ${path} is frozen`, "thaw it first");
  }
}

function mkdirError(path: string, errno: number, cause: unknown): Error {
  if (errno === EROFS) {
    const remedy = "mount the cgroup hierarchies read-write";
    return new CgroupAccessError(withReason(`mkdir ${path}`, cause), remedy, { cause });
  }
  if (errno === EACCES || errno === EPERM) {
    const remedy = "run as root, or have this part of the hierarchy delegated to you";
    return new CgroupAccessError(withReason(`mkdir ${path}`, cause), remedy, { cause });
  }
  return syscallError(`mkdir ${path}`, cause);
}
