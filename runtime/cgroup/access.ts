/** Checks whether an ordinary user may create a cgroup at a path: delegation (admin-guide/cgroup-v2.rst, "Delegation"). */
import { CgroupAccessError } from "./errors.ts";
import { exists } from "./files.ts";
import type { CgroupLayout } from "./layout.ts";
import type { CgroupDirectory, CgroupfsRecord } from "./path.ts";
import { ifThere } from "../common/files.ts";

/**
 * @throws {CgroupAccessError} unless the caller may create every directory and move its own processes there. For that the
 * kernel requires write access to the common ancestor of the caller's and the new cgroup.
 */
export function requireDelegated(layout: CgroupLayout, record: CgroupfsRecord): void {
  record.directories.forEach((directory, index) => {
    const { mountPoint, root, self } = layout.hierarchies[index]!;
    const own = mountPoint + (root === "/" ? self : self.slice(root.length));
    const procs = `${commonParent(own, directory.path)}/cgroup.procs`;
    const closed = [nearestPresent(directory), procs].find((path) => !isOwn(path));
    if (closed === undefined) return;
    throw new CgroupAccessError(
      `cannot create a cgroup at ${directory.path}: ${closed} is not yours`,
      "have this part of the hierarchy delegated to you (systemd-run --user --scope -p Delegate=yes)",
    );
  });
}

function nearestPresent({ path, mountPoint }: CgroupDirectory): string {
  let present = path;
  while (present !== mountPoint && !exists(present)) {
    present = present.slice(0, present.lastIndexOf("/"));
  }
  return present;
}

function commonParent(first: string, second: string): string {
  const [a, b] = [first.split("/"), second.split("/")];
  const differs = a.findIndex((part, index) => part !== b[index]);
  return a.slice(0, differs < 0 ? a.length : differs).join("/");
}

/** Delegation changes owners, not groups. */
function isOwn(path: string): boolean {
  const found = ifThere(() => Deno.statSync(path));
  return found !== undefined && found.uid === Deno.uid() && (found.mode! & 0o200) !== 0;
}
