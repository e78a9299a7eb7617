/** Enables controllers for a v2 directory, in the cgroup.subtree_control of every directory above it. */
import { errnoOf, HostError } from "../../common/errors.ts";
import { EACCES, EBUSY, EINVAL, ENOENT, EOPNOTSUPP, EPERM, EROFS } from "../../common/errno.ts";
import { CgroupAccessError, syscallError } from "../errors.ts";
import type { CgroupDirectory, CgroupRecord } from "../path.ts";
import type { ResourceWrite } from "../resource_write.ts";

/**
 * Enables every available controller for the container's v2 directory, which exists: statistics, later limits and a manager
 * inside need them, as with runc and crun. Only those that the writes need are required, and nothing is written if all are
 * enabled. Beside v1 controllers, only the required ones are enabled.
 * @throws {HostError} when a required controller is not available, or a directory above has processes of its own
 * (admin-guide/cgroup-v2.rst, "No Internal Process Constraint").
 */
export function enableControllers(
  { directories }: CgroupRecord,
  { mountPoint, path }: CgroupDirectory,
  writes: readonly ResourceWrite[],
): void {
  const all = !directories.some(hasV1Controllers);
  if (!(all && offersMore(mountPoint, path)) && missingIn(path, writes).length === 0) return;
  let parent = mountPoint;
  for (const name of path.slice(mountPoint.length + 1).split("/")) {
    const child = `${parent}/${name}`;
    if (all) handDownAll(parent);
    for (const write of missingIn(child, writes)) handDown(parent, write);
    parent = child;
  }
}

/** A named hierarchy has no controllers. */
function hasV1Controllers({ version, controllers }: CgroupDirectory): boolean {
  return version === 1 && controllers.some((name) => !name.startsWith("name="));
}

function offersMore(mountPoint: string, path: string): boolean {
  const present = controllersIn(path);
  return [...controllersIn(mountPoint)].some((name) => !present.has(name));
}

function controllersIn(path: string): Set<string> {
  return wordsOf(`${path}/cgroup.controllers`);
}

function wordsOf(file: string): Set<string> {
  return new Set(Deno.readTextFileSync(file).split(/\s+/).filter(Boolean));
}

/** Enables what the kernel and the cgroup's owner permit; a limit whose controller is still missing is reported later. */
function handDownAll(parent: string): void {
  const file = `${parent}/cgroup.subtree_control`;
  const handedDown = wordsOf(file);
  const orders = [...controllersIn(parent)].filter((name) => !handedDown.has(name))
    .map((name) => `+${name}`);
  if (orders.length === 0 || isClosed(parent) || tryOrder(file, orders.join(" "))) return;
  // The kernel enables all or none, and may refuse a single one.
  for (const order of orders) tryOrder(file, order);
}

/** The kernel would enable cpu, cpuset and pids, but then accept no process in the container's cgroup. */
function isClosed(parent: string): boolean {
  return hasProcesses(parent) && !isHierarchyTop(parent);
}

const REFUSALS: readonly number[] = [EACCES, EPERM, EROFS, EBUSY, EINVAL, ENOENT, EOPNOTSUPP];

/** False if the kernel refuses. */
function tryOrder(file: string, order: string): boolean {
  try {
    Deno.writeTextFileSync(file, order, { create: false });
    return true;
  } catch (error) {
    if (REFUSALS.includes(errnoOf(error))) return false;
    throw syscallError(`write "${order}" to ${file}`, error);
  }
}

/** One write for each missing controller, so that an error can name the limit that needs it. */
function missingIn(path: string, writes: readonly ResourceWrite[]): ResourceWrite[] {
  const present = controllersIn(path);
  // Files such as cgroup.max.depth exist in every cgroup.
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
  if (isClosed(parent)) throw busyError(parent, controller, from);
  try {
    Deno.writeTextFileSync(file, `+${controller}`, { create: false });
  } catch (cause) {
    switch (errnoOf(cause)) {
      case ENOENT:
      // The kernel does not know this name.
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
          `${from}: the cgroup ${parent} does not enable the controller ${controller} for its children, and ` +
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

/** Only the root may both have processes and enable controllers; a cgroup namespace may mount another directory. */
function isHierarchyTop(path: string): boolean {
  return ![...Deno.readDirSync(path)].some(({ name }) => name === "cgroup.type");
}

function busyError(parent: string, controller: string, from: string, cause?: unknown): HostError {
  return new HostError(
    `${from}: the cgroup ${parent} has processes of its own, so it cannot enable the controller ` +
      `${controller} for its children`,
    "move them into a cgroup beside the container's, or choose another linux.cgroupsPath",
    { cause },
  );
}
