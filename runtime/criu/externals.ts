/**
 * What of a container is the host's, and so is not kept in a checkpoint but found again at the restore: bind mounts and
 * namespaces that are joined by path. criu knows each by a name that is told to it both times. Pure.
 */
import { DEFAULT_DEVICE_PATHS } from "../plan/devices.ts";
import { parseMountOptions } from "../plan/mount_options.ts";
import { joinPath } from "../common/path.ts";
import { isNewNamespace, namespaceOf } from "../plan/compile_input.ts";
import type { CgroupRecord } from "../cgroup/path.ts";
import type { NamespaceType, Spec } from "../spec/spec.ts";
import { SpecError } from "../common/errors.ts";
import { NAMESPACES } from "../spec/namespaces.ts";

/** A mount whose contents are the host's. */
export interface ExternalMount {
  /** Where config.json has it in the container, and criu's name for it. */
  readonly name: string;
  /** A path of the host. */
  readonly source: string;
}

/** Where files are masked, and criu's names for what covers them; a masked folder's cover is the container's own. */
export function maskNames(spec: Spec): readonly string[] {
  return [...new Set((spec.linux?.maskedPaths ?? []).map((path) => joinPath("/", path)))];
}

/** All that may be external; not each of them need be mounted. Of two at one place, the later one. */
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

/** criu takes `mnt[NAME]:VALUE`, and what would come behind an earlier bracket for the value. */
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

/** Without a cgroup namespace the container's own folders are bound (runtime/plan/cgroup_mounts.ts). */
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

/** Nodes are bound where they cannot be made; made ones are the container's. */
function nodePaths(spec: Spec): readonly string[] {
  const own = (spec.linux?.devices ?? []).map(({ path }) => path);
  return isNewNamespace(spec, "user") ? [...DEFAULT_DEVICE_PATHS, ...own] : own;
}

/** A namespace that is not the container's own. */
export interface ExternalNamespace {
  readonly type: NamespaceType;
  readonly path: string;
  /** criu's name for it, as runc has it. */
  readonly key: string;
}

/** The types that criu leaves out of a dump when it is told to. */
const LEFT_OUT: Readonly<Partial<Record<NamespaceType, string>>> = {
  network: "extRootNetNS",
  pid: "extRootPidNS",
};

/** Namespaces that are left out of the dump, and whose file is handed over at the restore. */
export function externalNamespaces(spec: Spec): readonly ExternalNamespace[] {
  return joinedNamespaces(spec).flatMap(({ type, path }) => {
    const key = LEFT_OUT[type];
    return key === undefined ? [] : [{ type, path, key }];
  });
}

/**
 * Namespaces that criu dumps with their contents, and that the restored processes are to join: type by criu's name.
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
