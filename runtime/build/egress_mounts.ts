/** Mounts by which a process could leave the cgroup with its egress rules, by writing to another cgroup.procs. */
import { SpecError } from "../common/errors.ts";
import { isAbsent } from "../common/files.ts";
import { joinPath } from "../common/path.ts";
import { newAttributes } from "../plan/mount_attributes.ts";
import { MOUNT_ATTR, type MountOptions, parseMountOptions } from "../plan/mount_options.ts";
import { findNamespace } from "../spec/namespaces.ts";
import type { Mount, Spec } from "../spec/spec.ts";

type Identity = Pick<Deno.FileInfo, "dev" | "ino">;

interface Host {
  /** Of cgroup v2. */
  readonly mountPoint: string;
  /** Base of relative sources. */
  readonly bundle: string;
  /** The file at a path; symlinks are followed. */
  readonly identify: (path: string) => Identity | undefined;
}

/**
 * A guest can write files too, through its VMM. Capabilities do not matter: the owner of the directories may write.
 * @param from the egress list that requires this.
 * @throws {SpecError} for the first such mount.
 */
export function requireNoOtherCgroup(
  spec: Spec,
  from: string,
  host: Host,
): void {
  const { mounts = [] } = spec;
  for (const [index, mount] of mounts.entries()) {
    const options = parseMountOptions(mount.options ?? []);
    if (options.remount) continue;
    const bound = options.bind || mount.type === "bind";
    const shown = bound
      ? shownByBind(mount, options, host)
      : showsOthers(mount, spec)
      ? "itself"
      : undefined;
    if (shown === undefined) continue;
    const later = mounts.slice(index + 1).filter((other) => isAt(mount, other))
      .map((other) => parseMountOptions(other.options ?? [])).filter(({ remount }) => remount);
    if ([options, ...later].every((one) => isReadonly(one, shown))) continue;
    throw new SpecError(
      `mounts[${index}]`,
      `through a writable mount of cgroup v2 a process can leave its cgroup, which ${from} does not allow: ` +
        `leave it out, or give it the option ${shown === "itself" ? "ro" : "rro"}`,
    );
  }
}

/** Which part of a mount is cgroup v2. */
type Shown = "itself" | "below";

/** The filesystem is identified by its device number, whatever mounts and symlinks lead there. */
function shownByBind(
  { source = "" }: Mount,
  { recursive }: MountOptions,
  { mountPoint, bundle, identify }: Host,
): Shown | undefined {
  const [bound, top] = [identify(joinPath(bundle, source)), identify(mountPoint)];
  if (!bound || !top) return undefined;
  if (bound.dev === top.dev) return "itself";
  if (!recursive) return undefined;
  for (let path = mountPoint; path !== "/";) {
    path = joinPath(path, "..");
    const above = identify(path);
    if (above && above.dev === bound.dev && above.ino === bound.ino) return "below";
  }
  return undefined;
}

/** A path that cannot be examined is reported when it is bound. */
export function identityAt(path: string): Identity | undefined {
  try {
    return Deno.statSync(path);
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
}

/**
 * A new cgroup namespace has the container's cgroup as its root; a joined one may have a pod's. Without a namespace, a
 * mount of type cgroup is a bind of the container's own directory.
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
