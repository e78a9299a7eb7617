/**
 * `mounts` of config.json as operations, in the order of the list. The cgroup filesystems are in cgroup_mounts.ts.
 * Permission is checked by the kernel; a refusal is reported with the mount's index.
 */
import { SpecError } from "../common/errors.ts";
import type { Mount, Spec } from "../spec/spec.ts";
import { type CompileInput, type MountPlan, namespaceOf } from "./compile_input.ts";
import { cgroupMountOps } from "./cgroup_mounts.ts";
import { filesystemOp } from "./filesystem.ts";
import { parseIdmapOption } from "./idmap_option.ts";
import {
  MOUNT_ATTR,
  type MountOptions,
  mountTarget,
  needsFilesystem,
  parseMountOptions,
} from "./mount_options.ts";
import { mapText } from "./id_map.ts";
import {
  bindAttributes,
  newAttributes,
  remountAttributes,
  remountReadonly,
} from "./mount_attributes.ts";
import { LINKS, NO_SLOT, type Op, TREE_SLOTS } from "./op.ts";
import { overlayOptions } from "./overlay_options.ts";
import { joinPath } from "../common/path.ts";
import { procfsOf } from "./proc_mounts.ts";
import { labelOps, labelOptions } from "./selinux.ts";
import { given } from "../common/given.ts";

/** Masks and labels rely on these filesystems, so they are never mounted through a symlink (CVE-2019-19921). */
const NO_LINKS_TYPES: ReadonlySet<string> = new Set(["proc", "sysfs"]);
const NO_LINKS_TARGETS: ReadonlySet<string> = new Set(["/dev", "/proc", "/sys"]);

function isProtected(destination: string): boolean {
  return NO_LINKS_TARGETS.has(joinPath("/", destination));
}

/** Must a mount of this filesystem, or at this path, not follow symlinks? */
export function takesNoLinks(fstype: string, destination: string): boolean {
  return NO_LINKS_TYPES.has(fstype) || isProtected(destination);
}

/** The operations that replace a mount; undefined if it is made as configured. */
export type Instead = (mount: Mount, from: string) => readonly Op[] | undefined;

/**
 * Compiles the list of mounts.
 * @throws {SpecError} for an entry that cannot be a mount.
 */
export function mountOps(input: CompileInput, instead: Instead = () => undefined): MountPlan {
  const ops: Op[] = [];
  const early: Op[] = [];
  const finish: Op[] = [];
  for (const [index, mount] of (input.spec.mounts ?? []).entries()) {
    const from = `mounts[${index}]`;
    const options = parseMountOptions(mount.options ?? []);
    refuseRoot(mount, options, from);
    const other = instead(mount, from);
    if (other) {
      ops.push(...other);
      continue;
    }
    const bound = options.bind || mount.type === "bind";
    if (options.links) refuseLinkOptions(options, bound, from);
    if (isIdmapped(mount, options) && !bound) {
      throw new SpecError(`${from}.uidMappings`, "only bind mounts can be id-mapped");
    }
    if (mount.type === "cgroup" && !options.bind) {
      ops.push(...cgroupMountOps(input, mount, options, from));
    } else if (bound) {
      const like = joinedMapping(input, mount, options);
      const isEarly = like !== undefined ||
        opensEarly(input) && !liesInEarlierMount(input, mount, index);
      const bind = bindOp(input, mount, options, index, isEarly, from);
      (isEarly ? early : ops).push(...treeOps(input, mount, options, bind, like));
      ops.push(bind);
    } else if (options.remount) {
      ops.push(remountOp(mount, options, from));
    } else {
      const late = isFilledLater(mount, options);
      ops.push(newMountOp(input, mount, options, late, from));
      ops.push(...labelOps(input.spec, mount.type ?? "", mount.destination));
      if (late) finish.push({ ...remountReadonly(mount.destination), from });
    }
  }
  return { ops, early, finish };
}

/** All other mounts are made in the root: a mount over it would cover them, or be covered (as runc 1.3). */
function refuseRoot({ destination }: Mount, { remount }: MountOptions, from: string): void {
  if (remount || joinPath("/", destination) !== "/") return;
  throw new SpecError(`${from}.destination`, `"/" is the container's root, which root.path names`);
}

const LINK_CHOICES: ReadonlySet<number> = new Set([
  LINKS.bindSource,
  LINKS.coverTarget,
  LINKS.bindSource | LINKS.coverTarget,
  LINKS.copySource,
]);

function refuseLinkOptions({ links }: MountOptions, bound: boolean, from: string): void {
  const problem = !bound
    ? "copy-symlink, src-nofollow and dest-nofollow are for bind mounts"
    : LINK_CHOICES.has(links)
    ? undefined
    : "copy-symlink creates a link instead of a mount, so it cannot be combined with src-nofollow and dest-nofollow";
  if (problem) throw new SpecError(`${from}.options`, problem);
}

/**
 * Warnings about filesystem options on bind mounts, where they have no effect. runc before 1.2 and crun accept them, so
 * some bundles have them.
 */
export function ignoredOptions({ mounts = [] }: Spec): readonly string[] {
  return mounts.flatMap(({ type, options = [] }, index) => {
    const parsed = parseMountOptions(options);
    if (!parsed.bind && type !== "bind") return [];
    return parsed.data.filter(needsFilesystem).map((option) =>
      `mounts[${index}].options: ${option} is ignored: a bind mount does not create a filesystem`
    );
  });
}

type BindOp = Op & { readonly op: "bind" };

/**
 * Root of a user namespace, new or joined, cannot enter folders that only the host's root may enter. Rootless callers may
 * not clone the host's mounts, and Init can reach the same files as they can.
 */
function opensEarly({ spec, host }: CompileInput): boolean {
  return namespaceOf(spec, "user") !== undefined && host.uid === 0;
}

/**
 * The path of the joined user namespace, if a mount needs its mapping; only the Intermediate of the host's root may apply
 * that, before it joins.
 */
function joinedMapping(
  { spec, host }: CompileInput,
  mount: Mount,
  options: MountOptions,
): string | undefined {
  const hasOwn = mount.uidMappings !== undefined || mount.gidMappings !== undefined ||
    options.idmapText !== undefined;
  return options.idmap && !hasOwn && host.uid === 0 ? namespaceOf(spec, "user")?.path : undefined;
}

/** Is the source in a mount below the container's root, which only Init can see? */
function liesInEarlierMount({ spec, bundle, rootfs }: CompileInput, mount: Mount, index: number) {
  const source = joinPath(bundle, mount.source ?? "");
  if (!source.startsWith(`${rootfs}/`)) return false;
  return spec.mounts!.slice(0, index).some(({ destination }) =>
    `${source}/`.startsWith(`${joinPath(rootfs, `.${destination}`)}/`)
  );
}

function isIdmapped(mount: Mount, options: MountOptions): boolean {
  return options.idmap || mount.uidMappings !== undefined || mount.gidMappings !== undefined;
}

/** Operations on the source before it is bound. */
function treeOps(
  input: CompileInput,
  mount: Mount,
  options: MountOptions,
  { source, recursive, slot, links, from }: BindOp,
  like: string | undefined,
): readonly Op[] {
  if (slot === NO_SLOT) return [];
  const open: Op = { op: "openTree", source, recursive, slot, links, ...given({ from }) };
  if (!isIdmapped(mount, options)) return [open];
  const rec = options.recursiveIdmap ? 1 : 0;
  if (like !== undefined) {
    const place = `${from}.options`;
    return [open, { op: "idmapTreeLike", slot, namespace: like, recursive: rec, from: place }];
  }
  const { uids, gids } = options.idmapText === undefined
    ? {
      uids: mount.uidMappings ?? input.spec.linux?.uidMappings,
      gids: mount.gidMappings ?? input.spec.linux?.gidMappings,
    }
    : parseIdmapOption(options.idmapText, input.spec, from ?? "mounts");
  if (!uids?.length || !gids?.length) {
    throw new SpecError(
      `${from}.uidMappings`,
      "an id-mapped mount needs its own mappings or those of a new user namespace",
    );
  }
  const idmap: Op = {
    op: "idmapTree",
    slot,
    uidMap: mapText(uids),
    gidMap: mapText(gids),
    recursive: rec,
    from: `${from}.uidMappings`,
  };
  return [open, idmap];
}

function bindOp(
  input: CompileInput,
  mount: Mount,
  options: MountOptions,
  index: number,
  isEarly: boolean,
  from: string,
): BindOp {
  if (!mount.source) throw new SpecError(`${from}.source`, "a bind mount needs a source");
  return {
    op: "bind",
    source: joinPath(input.bundle, mount.source),
    target: mountTarget(mount.destination, options),
    recursive: options.recursive ? 1 : 0,
    ...bindAttributes(options),
    propagation: options.propagation,
    slot: (isEarly || isIdmapped(mount, options)) && index < TREE_SLOTS ? index : NO_SLOT,
    noFollow: isProtected(mount.destination) ? 1 : 0,
    procfs: procfsOf(joinPath("/", mount.destination), undefined, from),
    links: options.links,
    from,
  };
}

export function remountOp(mount: Mount, options: MountOptions, from: string): Op {
  return {
    op: "remount",
    target: mount.destination,
    ...remountAttributes(options),
    propagation: options.propagation,
    from,
  };
}

/** Device nodes and mount points are still made in a read-only tmpfs, mainly /dev. */
export function isFilledLater(mount: Mount, options: MountOptions): boolean {
  const readonly = (newAttributes(options) & MOUNT_ATTR.RDONLY) !== 0n;
  return readonly && (mount.type === "tmpfs" || mount.destination === "/dev");
}

export function newMountOp(
  { spec }: CompileInput,
  mount: Mount,
  options: MountOptions,
  late: boolean,
  from: string,
): Op {
  const fstype = mount.type;
  if (!fstype || fstype === "none") {
    throw new SpecError(
      `${from}.type`,
      "a mount without a type must have the option bind or rbind",
    );
  }
  const attrs = newAttributes(options);
  const readonly = (options.attrs.set & attrs & MOUNT_ATTR.RDONLY) !== 0n && !late;
  // As mount(2) with MS_RDONLY: the superblock becomes read-only too, as statfs and /proc/mounts show.
  const superblock = readonly && !options.copyUp ? ["ro"] : [];
  const all = [...superblock, ...options.data, ...labelOptions(spec, fstype)];
  return filesystemOp({
    fstype,
    source: mount.source ?? fstype,
    target: mount.destination,
    options: fstype === "overlay" ? overlayOptions(all) : all,
    attrs: late ? attrs & ~MOUNT_ATTR.RDONLY : attrs,
    propagation: options.propagation,
    noFollow: takesNoLinks(fstype, mount.destination) ? 1 : 0,
    copyUp: options.copyUp,
    procfs: procfsOf(joinPath("/", mount.destination), fstype, from),
    from,
  });
}
