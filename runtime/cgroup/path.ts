/** The directories of a container's cgroup, by the rules of runc's cgroupfs driver. Pure: nothing is read or created. */
import { SpecError } from "../common/errors.ts";
import { CgroupAccessError } from "./errors.ts";
import type { CgroupLayout, Hierarchy } from "./layout.ts";

/** A container's directory in one hierarchy. */
export interface CgroupDirectory {
  readonly version: 1 | 2;
  /** As in Hierarchy. */
  readonly controllers: readonly string[];
  readonly mountPoint: string;
  /** Absolute path, always below mountPoint. */
  readonly path: string;
}

/**
 * A container's cgroup as stored in state.json, so that kill and delete need not find the hierarchies again. `driver` is
 * the one that created the directories and must remove them.
 */
export type CgroupRecord = CgroupfsRecord | SystemdRecord;

export interface CgroupfsRecord {
  readonly driver: "cgroupfs";
  /** The v2 directory, if there is one, is the first. */
  readonly directories: readonly CgroupDirectory[];
}

/** A transient unit of systemd. */
export interface SystemdRecord extends Omit<CgroupfsRecord, "driver"> {
  readonly driver: "systemd";
  /** The system's manager, or that of the user who created the container. */
  readonly bus: "system" | "user";
  readonly unit: string;
  readonly slice: string;
}

/**
 * The directories for `linux.cgroupsPath` (runtime spec, "Cgroups Path").
 *
 * An absolute path starts at each hierarchy's mount point. A relative one starts at the caller's own cgroup, on pure v2 at
 * its parent: the caller's own cgroup has processes, so no controller can be enabled below it. An empty or absent one is
 * the container's id, as a relative path.
 * @throws {SpecError} when the path names its starting point, whose other processes would be limited and killed with the
 * container.
 * @throws {CgroupAccessError} when the host has no hierarchy mounted.
 */
export function cgroupPaths(
  layout: CgroupLayout,
  cgroupsPath: string | undefined,
  id: string,
): CgroupfsRecord {
  if (layout.mode === "none") {
    throw new CgroupAccessError(
      "no cgroup hierarchy is mounted",
      "mount one with `mount -t cgroup2 none /sys/fs/cgroup`",
    );
  }
  const wanted = cgroupsPath || id;
  const absolute = wanted.startsWith("/");
  const inner = cleanPath(wanted);
  if (inner === "/") {
    const place = absolute ? "the root of every hierarchy" : "the caller's own cgroup";
    throw new SpecError("linux.cgroupsPath", `"${wanted}" is ${place}, name a cgroup below it`);
  }
  if (/[\0\n]/.test(inner)) {
    throw new SpecError("linux.cgroupsPath", "a cgroup's name has no NUL and no newline");
  }
  const directories = layout.hierarchies.map((hierarchy) => {
    const { version, controllers, mountPoint } = hierarchy;
    const base = absolute ? "/" : ownPath(hierarchy, layout.mode === "v2");
    return {
      version,
      controllers,
      mountPoint,
      path: mountPoint + (base === "/" ? "" : base) + inner,
    };
  });
  return { driver: "cgroupfs", directories };
}

/**
 * The caller's cgroup relative to the mount point, or its parent. In a container without a cgroup namespace the mount shows
 * only a part, `root`, while /proc/self/cgroup is relative to the hierarchy's root. For a process outside the mounted part
 * (`/../x` in a cgroup namespace) the mount point is used.
 */
function ownPath({ root, self }: Hierarchy, parent: boolean): string {
  const top = root === "/" ? "" : root;
  if (self !== root && !self.startsWith(`${top}/`) || /\/\.\.(\/|$)/.test(self)) return "/";
  const own = cleanPath(self.slice(top.length));
  return parent ? cleanPath(`${own}/..`) : own;
}

/** An absolute path without `.`, `..` and empty parts; `..` at the root stays at the root. */
function cleanPath(path: string): string {
  const parts: string[] = [];
  for (const part of path.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  return `/${parts.join("/")}`;
}
