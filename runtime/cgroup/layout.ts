/**
 * The cgroup hierarchies of this host and the cgroups of the calling process: pure v1, hybrid (v1 controllers with a v2
 * hierarchy beside them) or pure v2. This module reads /proc; path.ts chooses directories and cgroupfs.ts creates them.
 */

/** One mounted hierarchy (cgroups(7)). */
export interface Hierarchy {
  readonly version: 1 | 2;
  /** v1: the controllers bound to it, or `name=systemd` for a named one. v2: empty, since they differ by directory. */
  readonly controllers: readonly string[];
  /** Absolute path. */
  readonly mountPoint: string;
  /** The directory of the hierarchy that is mounted there, the root field of mountinfo; `/` on a host. */
  readonly root: string;
  /** The calling process's cgroup, as /proc/self/cgroup prints it. */
  readonly self: string;
}

export interface CgroupLayout {
  /** Where the controllers are: in v1 for `hybrid`; `none` means that no hierarchy is mounted. */
  readonly mode: "v1" | "hybrid" | "v2" | "none";
  /** The v2 hierarchy, if there is one, is the first. */
  readonly hierarchies: readonly Hierarchy[];
}

interface CgroupMount {
  readonly version: 1 | 2;
  readonly mountPoint: string;
  readonly root: string;
  readonly superOptions: readonly string[];
}

/** Reads the layout of the calling process from /proc/self/mountinfo and /proc/self/cgroup. */
export function readCgroupLayout(): CgroupLayout {
  return parseCgroupLayout(
    Deno.readTextFileSync("/proc/self/mountinfo"),
    Deno.readTextFileSync("/proc/self/cgroup"),
  );
}

/**
 * Parses /proc/PID/mountinfo (proc_pid_mountinfo(5)) and /proc/PID/cgroup (cgroups(7)). A hierarchy that is not mounted is
 * left out. Of several mounts of one hierarchy, one that shows all of it is preferred.
 */
export function parseCgroupLayout(mountinfo: string, selfCgroup: string): CgroupLayout {
  const mounts = parseCgroupMounts(mountinfo);
  const hierarchies: Hierarchy[] = [];
  for (const line of selfCgroup.split("\n")) {
    // "4:cpu,cpuacct:/path"; a path may contain colons too.
    const [id, names] = line.split(":", 2);
    if (names === undefined) continue;
    const controllers = names === "" ? [] : names.split(",");
    const mount = mountOf(mounts, controllers);
    if (!mount) continue;
    const { version, mountPoint, root } = mount;
    const self = line.slice(id!.length + names.length + 2);
    const hierarchy = { version, controllers, mountPoint, root, self };
    if (version === 2) hierarchies.unshift(hierarchy);
    else hierarchies.push(hierarchy);
  }
  return { mode: modeOf(hierarchies), hierarchies };
}

/** A named hierarchy, such as those of systemd and elogind, has no controllers and so does not make a host hybrid. */
function modeOf(hierarchies: readonly Hierarchy[]): CgroupLayout["mode"] {
  if (hierarchies.length === 0) return "none";
  const v1 = hierarchies.some((h) => h.controllers.some((name) => !name.startsWith("name=")));
  const v2 = hierarchies[0]!.version === 2;
  if (v1) return v2 ? "hybrid" : "v1";
  return v2 ? "v2" : "v1";
}

/** A controller is bound to one hierarchy only, so the first one in a line of /proc/PID/cgroup identifies it. */
function mountOf(mounts: readonly CgroupMount[], controllers: readonly string[]) {
  const first = controllers[0];
  const candidates = mounts.filter((mount) =>
    first === undefined
      ? mount.version === 2
      : mount.version === 1 && mount.superOptions.includes(first)
  );
  return candidates.find((mount) => mount.root === "/") ?? candidates[0];
}

function parseCgroupMounts(mountinfo: string): CgroupMount[] {
  const mounts: CgroupMount[] = [];
  for (const line of mountinfo.split("\n")) {
    // A host can have hundreds of mounts; most are skipped early.
    if (!line.includes(" - cgroup")) continue;
    const [before, after] = line.split(" - ", 2) as [string, string];
    const [, , , root, mountPoint] = before.split(" ");
    const [fstype, , superOptions] = after.split(" ");
    if (fstype !== "cgroup" && fstype !== "cgroup2") continue;
    mounts.push({
      version: fstype === "cgroup2" ? 2 : 1,
      mountPoint: unescapeOctal(mountPoint!),
      root: unescapeOctal(root!),
      superOptions: (superOptions ?? "").split(","),
    });
  }
  return mounts;
}

/** The kernel escapes space, tab, newline and backslash in a path as three octal digits. */
function unescapeOctal(path: string): string {
  if (!path.includes("\\")) return path;
  return path.replace(
    /\\([0-7]{3})/g,
    (_, digits: string) => String.fromCharCode(parseInt(digits, 8)),
  );
}
