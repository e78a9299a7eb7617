/** Which controllers a v2 directory has: those that every directory above it hands down in cgroup.subtree_control. */
import { errnoOf, HostError } from "../errors.ts";
import {
  CgroupAccessError,
  EACCES,
  EBUSY,
  EINVAL,
  ENOENT,
  EPERM,
  EROFS,
  syscallError,
} from "./errors.ts";
import type { CgroupDirectory } from "./path.ts";
import type { ResourceWrite } from "./resource_write.ts";

/**
 * Has the controllers that the writes need handed down to the container's directory, which exists. Nothing else is
 * enabled, and nothing is written where they already are: a delegated subtree's top is not ours to write.
 * @throws {HostError} when a controller is not to be had, or a directory above has processes of its own
 * (admin-guide/cgroup-v2.rst, "No Internal Process Constraint").
 */
export function enableControllers(
  directory: CgroupDirectory,
  writes: readonly ResourceWrite[],
): void {
  if (missingIn(directory.path, writes).length === 0) return;
  const { mountPoint, path } = directory;
  let parent = mountPoint;
  for (const name of path.slice(mountPoint.length + 1).split("/")) {
    const child = `${parent}/${name}`;
    for (const write of missingIn(child, writes)) handDown(parent, write);
    parent = child;
  }
}

/** One write for each controller that is not there, so that an error can name what wanted it. */
function missingIn(path: string, writes: readonly ResourceWrite[]): ResourceWrite[] {
  const present = new Set(Deno.readTextFileSync(`${path}/cgroup.controllers`).trim().split(" "));
  // Files such as cgroup.max.depth are everywhere.
  present.add("cgroup");
  const missing: ResourceWrite[] = [];
  for (const write of writes) {
    if (present.has(write.controller)) continue;
    present.add(write.controller);
    missing.push(write);
  }
  return missing;
}

function handDown(parent: string, { controller, from }: ResourceWrite): void {
  const file = `${parent}/cgroup.subtree_control`;
  // The kernel would let cpu, cpuset and pids through, and then no process into the container's cgroup.
  if (hasProcesses(parent) && !isHierarchyTop(parent)) throw busyError(parent, controller, from);
  try {
    Deno.writeTextFileSync(file, `+${controller}`, { create: false });
  } catch (cause) {
    switch (errnoOf(cause)) {
      case ENOENT:
      // Of a name that the kernel has never heard.
      case EINVAL:
        throw new HostError(
          `${from}: the cgroup ${parent} has no controller ${controller}`,
          `enable it in the kernel (cgroup_enable=${controller}) or remove the limit`,
          { cause },
        );
      case EBUSY:
        throw busyError(parent, controller, from, cause);
      case EACCES:
      case EPERM:
      case EROFS:
        throw new CgroupAccessError(
          `${from}: the cgroup ${parent} does not hand the controller ${controller} down, and ` +
            `${file} is not writable`,
          "run as root, or have the controller delegated to you",
          { cause },
        );
      default:
        throw syscallError(`${from}: write "+${controller}" to ${file}`, cause);
    }
  }
}

function hasProcesses(path: string): boolean {
  return Deno.readTextFileSync(`${path}/cgroup.procs`) !== "";
}

/** The top alone may have processes and hand controllers down. In a cgroup namespace the mount point need not be it. */
function isHierarchyTop(path: string): boolean {
  return ![...Deno.readDirSync(path)].some(({ name }) => name === "cgroup.type");
}

function busyError(parent: string, controller: string, from: string, cause?: unknown): HostError {
  return new HostError(
    `${from}: the cgroup ${parent} has processes of its own, so it cannot hand the controller ` +
      `${controller} down`,
    "move them into a cgroup beside the container's, or choose another linux.cgroupsPath",
    { cause },
  );
}
