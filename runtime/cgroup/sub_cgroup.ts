/** The cgroup of a tenant: the container's, a sub-cgroup by name, or Init's. */
import { HostError, UsageError } from "../common/errors.ts";
import { isFolder } from "../common/files.ts";
import { readCgroupLayout } from "./layout.ts";
import type { CgroupDirectory, CgroupRecord } from "./path.ts";

/**
 * The directories for `exec --cgroup`, each `[CONTROLLER[,CONTROLLER]:]PATH` with a path below the container's cgroup.
 * Without controllers it applies to all hierarchies. Of two for the same hierarchy, the later one applies.
 * @throws {UsageError} for a path that leaves the container's cgroup, and for a controller that it does not have.
 * @throws {HostError} when there is no such cgroup: it is not created.
 */
export function subCgroups(record: CgroupRecord, wanted: readonly string[]): CgroupRecord {
  const own = record.directories;
  const directories = wanted.reduce((chosen, one) => applyOne(own, chosen, one), own);
  for (const [index, { path }] of directories.entries()) {
    if (path === own[index]!.path || isFolder(path)) continue;
    throw new HostError(`--cgroup: there is no cgroup ${path}`, "make it first, or leave it out");
  }
  return { ...record, directories };
}

/** Of `chosen`, those that `wanted` names become directories below `own`. */
function applyOne(
  own: readonly CgroupDirectory[],
  chosen: readonly CgroupDirectory[],
  wanted: string,
): readonly CgroupDirectory[] {
  const colon = wanted.indexOf(":");
  const controllers = colon < 0 ? [] : wanted.slice(0, colon).split(",");
  const parts = wanted.slice(colon + 1).split("/").filter((part) => part !== "" && part !== ".");
  if (parts.includes("..") || parts.some((part) => /[\0\n]/.test(part))) {
    throw new UsageError(`option --cgroup: "${wanted}" must stay below the container's cgroup`);
  }
  for (const name of controllers) {
    if (own.some((directory) => directory.controllers.includes(name))) continue;
    throw new UsageError(
      `option --cgroup: the container has no cgroup hierarchy of its own for "${name}"`,
    );
  }
  const below = parts.map((part) => `/${part}`).join("");
  return chosen.map((directory, index) =>
    colon < 0 || controllers.some((name) => directory.controllers.includes(name))
      ? { ...directory, path: own[index]!.path + below }
      : directory
  );
}

/**
 * Init's present v2 directory, which may be below the container's: an init system that enables controllers must move itself
 * out of the container's cgroup, which then accepts no processes (cgroups(7), "no internal processes"). Undefined when it
 * is not visible from here.
 */
export function cgroupOfInit(pid: number): string | undefined {
  const v2 = readCgroupLayout().hierarchies.find(({ version }) => version === 2);
  const path = /^0::(.*)$/m.exec(Deno.readTextFileSync(`/proc/${pid}/cgroup`))?.[1];
  if (!v2 || path === undefined || path.split("/").includes("..")) return undefined;
  const top = v2.root === "/" ? "" : v2.root;
  return path.startsWith(`${top}/`) ? v2.mountPoint + path.slice(top.length) : undefined;
}
