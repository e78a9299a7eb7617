/**
 * The parts of a container that belong to the host, so that a checkpoint does not contain them and a restore looks them
 * up again: bind mounts, and namespaces that are joined by path. criu gets the same names for them both times. Pure.
 */
import { DEFAULT_DEVICE_PATHS } from "../plan/devices.ts";
import { parseMountOptions } from "../plan/mount_options.ts";
import { joinPath } from "../common/path.ts";
import { isNewNamespace, namespaceOf } from "../plan/compile_input.ts";
import type { CgroupRecord } from "../cgroup/path.ts";
import type { NamespaceType, Spec } from "../spec/spec.ts";
import { SpecError } from "../common/errors.ts";
import { NAMESPACES } from "../spec/namespaces.ts";

/** A mount whose contents belong to the host. */
export interface ExternalMount {
  /** Its destination in config.json, which is also criu's name for it. */
  readonly name: string;
  /** A path on the host. */
  readonly source: string;
}

/** Destinations of masked files, and criu's names for their covers; the cover of a masked folder is the container's. */
export function maskNames(spec: Spec): readonly string[] {
  return [...new Set((spec.linux?.maskedPaths ?? []).map((path) => joinPath("/", path)))];
}

/** All mounts that may be external; some may not be mounted. Of two with the same destination, the later one. */
export function externalMounts(
  spec: Spec,
  bundle: string,
  cgroup: CgroupRecord | null,
): readonly ExternalMount[] {
  const found = new Map<string, string>();
  for (const [index, mount] of (spec.mounts ?? []).entries()) {
    const name = joinPath("/", mount.destination);
    requireNameable(name, `mounts[${index}].destination`);
    if (mount.type === "cgroup") {
      for (const external of cgroupBinds(spec, name, cgroup)) {
        found.set(external.name, external.source);
      }
    } else if (mount.source && isBind(mount.type, mount.options)) {
      found.set(name, joinPath(bundle, mount.source));
    }
  }
  for (const path of nodePaths(spec)) found.set(path, path);
  return [...found].map(([name, source]) => ({ name, source }));
}

/** criu parses `mnt[NAME]:VALUE`, so that what follows an earlier bracket would become the value. */
function requireNameable(name: string, field: string): void {
  if (!name.includes("]")) return;
  throw new SpecError(
    field,
    `${JSON.stringify(name)} has a bracket, which criu's options cannot contain`,
  );
}

function isBind(type: string | undefined, options: readonly string[] = []): boolean {
  return type === "bind" || parseMountOptions(options).bind;
}

/** Without a cgroup namespace the container's own cgroup folders are bind-mounted (runtime/plan/cgroup_mounts.ts). */
function cgroupBinds(
  spec: Spec,
  destination: string,
  cgroup: CgroupRecord | null,
): readonly ExternalMount[] {
  if (!cgroup || namespaceOf(spec, "cgroup")) return [];
  const v1 = cgroup.directories.filter(({ version }) => version === 1);
  if (v1.length === 0) {
    return cgroup.directories.map(({ path }) => ({ name: destination, source: path }));
  }
  return v1.map(({ mountPoint, path }) => (
    { name: `${destination}${mountPoint.slice(mountPoint.lastIndexOf("/"))}`, source: path }
  ));
}

/** Device nodes are bind-mounted where they cannot be created; created ones belong to the container. */
function nodePaths(spec: Spec): readonly string[] {
  const own = (spec.linux?.devices ?? []).map(({ path }) => path);
  return isNewNamespace(spec, "user") ? [...DEFAULT_DEVICE_PATHS, ...own] : own;
}

/** A namespace that the container does not own. */
export interface ExternalNamespace {
  readonly type: NamespaceType;
  readonly path: string;
  /** criu's name for it, the same as runc's. */
  readonly key: string;
}

/** The types that criu can leave out of a dump. */
const LEFT_OUT: Readonly<Partial<Record<NamespaceType, string>>> = {
  network: "extRootNetNS",
  pid: "extRootPidNS",
};

/** Namespaces that are left out of the dump, and whose file is passed to criu at the restore. */
export function externalNamespaces(spec: Spec): readonly ExternalNamespace[] {
  return joinedNamespaces(spec).flatMap(({ type, path }) => {
    const key = LEFT_OUT[type];
    return key === undefined ? [] : [{ type, path, key }];
  });
}

/**
 * Namespaces that criu dumps with their contents, and that the restored processes join; types have criu's names.
 * @throws {SpecError} for a type that criu cannot join.
 */
export function joinedAtRestore(spec: Spec): readonly { ns: string; ns_file: string }[] {
  return joinedNamespaces(spec).filter(({ type }) => !(type in LEFT_OUT)).map(
    ({ type, path, at }) => {
      if (type === "mount" || type === "cgroup") {
        throw new SpecError(
          `linux.namespaces[${at}].path`,
          `a container that joins a ${type} namespace cannot be restored: criu does not join such a namespace`,
        );
      }
      return { ns: NAMESPACES[type].procName, ns_file: path };
    },
  );
}

function joinedNamespaces({ linux }: Spec): { type: NamespaceType; path: string; at: number }[] {
  return (linux?.namespaces ?? []).flatMap(({ type, path }, at) =>
    path ? [{ type, path, at }] : []
  );
}
