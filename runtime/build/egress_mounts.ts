/** Which mounts lead a process out of the cgroup whose egress rules it has: those by which it can write another's cgroup.procs. */
import { SpecError } from "../common/errors.ts";
import { isAbsent } from "../common/files.ts";
import { joinPath } from "../common/path.ts";
import { newAttributes } from "../plan/mount_attributes.ts";
import { MOUNT_ATTR, type MountOptions, parseMountOptions } from "../plan/mount_options.ts";
import { findNamespace } from "../spec/namespaces.ts";
import type { Mount, Spec } from "../spec/spec.ts";

/**
 * A guest too can write files of its VMM's. Capabilities make no difference: the owner of the directories may.
 * @param from the list that asks for it.
 * @param mountPoint the host's, of cgroup v2.
 * @param bundle from which relative sources start.
 * @throws {SpecError} for the first such mount.
 */
export function requireNoOtherCgroup(
  spec: Spec,
  from: string,
  mountPoint: string,
  bundle: string,
): void {
  const { mounts = [] } = spec;
  for (const [index, mount] of mounts.entries()) {
    const options = parseMountOptions(mount.options ?? []);
    if (options.remount) continue;
    const bound = options.bind || mount.type === "bind";
    const shown = bound
      ? shownByBind(mount, options, mountPoint, bundle)
      : showsOthers(mount, spec)
      ? "itself"
      : undefined;
    if (shown === undefined) continue;
    const later = mounts.slice(index + 1).filter((other) => isAt(mount, other))
      .map((other) => parseMountOptions(other.options ?? [])).filter(({ remount }) => remount);
    if ([options, ...later].every((one) => isReadonly(one, shown))) continue;
    throw new SpecError(
      `mounts[${index}]`,
      `by a writable mount of cgroup v2 a process can leave its cgroup, which ${from} does not allow: ` +
        `leave it out, or give it the option ${shown === "itself" ? "ro" : "rro"}`,
    );
  }
}

/** What of a mount is cgroup v2. */
type Shown = "itself" | "below";

function shownByBind(
  { source = "" }: Mount,
  { recursive }: MountOptions,
  mountPoint: string,
  bundle: string,
): Shown | undefined {
  const [path, top] = [joinPath(bundle, source), mountPoint].map(withoutLinks) as [string, string];
  if (`${path}/`.startsWith(`${top}/`)) return "itself";
  return recursive && `${top}/`.startsWith(path === "/" ? path : `${path}/`) ? "below" : undefined;
}

function withoutLinks(path: string): string {
  try {
    return Deno.realPathSync(path);
  } catch (error) {
    if (isAbsent(error)) return path;
    throw error;
  }
}

/**
 * A new cgroup namespace has the container's cgroup as its root; one that is joined may have a pod's. Without any, a mount of
 * type cgroup is a bind of the container's own directory.
 */
function showsOthers({ type }: Mount, spec: Spec): boolean {
  if (type !== "cgroup" && type !== "cgroup2") return false;
  const namespace = findNamespace(spec, "cgroup");
  return namespace ? namespace.path !== undefined : type === "cgroup2";
}

function isAt(mount: Mount, other: Mount): boolean {
  return joinPath("/", mount.destination) === joinPath("/", other.destination);
}

function isReadonly(options: MountOptions, shown: Shown): boolean {
  const set = shown === "itself" ? newAttributes(options) : options.recAttrs.set;
  return (set & MOUNT_ATTR.RDONLY) !== 0n;
}
