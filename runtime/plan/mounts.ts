/**
 * `mounts` of config.json as operations, in the order of the list. The cgroup filesystems are in cgroup_mounts.ts;
 * who may mount what is the kernel's business, and its refusal is reported with the mount's index.
 */
import { SpecError } from "../errors.ts";
import type { Mount, Spec } from "../spec/spec.ts";
import { type CompileInput, namespaceOf } from "./compile_input.ts";
import { cgroupMountOps } from "./cgroup_mounts.ts";
import { parseIdmapOption } from "./idmap_option.ts";
import {
  MOUNT_ATTR,
  type MountOptions,
  needsFilesystem,
  parseMountOptions,
} from "./mount_options.ts";
import { mapText } from "./id_map.ts";
import { NO_SLOT, type Op, TREE_SLOTS } from "./op.ts";
import { overlayOptions } from "./overlay_options.ts";
import { joinPath } from "./path.ts";
import { procfsOf } from "./proc_mounts.ts";
import { labelOps, labelOptions } from "./selinux.ts";

/** Filesystems whose look decides what masks and labels protect: never through a link (CVE-2019-19921). */
const NO_LINKS_TYPES: ReadonlySet<string> = new Set(["proc", "sysfs"]);
const NO_LINKS_TARGETS: ReadonlySet<string> = new Set(["/dev", "/proc", "/sys"]);

function isProtected(destination: string): boolean {
  return NO_LINKS_TARGETS.has(joinPath("/", destination));
}

/** Is a mount of this filesystem, or at this place, one that no link may lead to? */
export function takesNoLinks(fstype: string, destination: string): boolean {
  return NO_LINKS_TYPES.has(fstype) || isProtected(destination);
}

export interface MountPlan {
  readonly ops: readonly Op[];
  /** For the Intermediate, before it enters a new user namespace: sources that cannot be reached from there. */
  readonly early: readonly Op[];
  /** Read-only at last: folders in which later operations still make nodes and mount points. */
  readonly finish: readonly Op[];
}

/** What is done in the place of a mount; undefined for one that is made as it says. */
export type Instead = (mount: Mount, from: string) => readonly Op[] | undefined;

/**
 * Compiles the list of mounts.
 * @throws {SpecError} for what no mount can be made of.
 */
export function mountOps(input: CompileInput, instead: Instead = () => undefined): MountPlan {
  const ops: Op[] = [];
  const early: Op[] = [];
  const finish: Op[] = [];
  for (const [index, mount] of (input.spec.mounts ?? []).entries()) {
    const from = `mounts[${index}]`;
    const other = instead(mount, from);
    if (other) {
      ops.push(...other);
      continue;
    }
    const options = parseMountOptions(mount.options ?? []);
    const bound = options.bind || mount.type === "bind";
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

/**
 * Sentences about options of filesystems on bind mounts, which make none: without effect there, and accepted by runc
 * before 1.2 and by crun, so some bundles have them.
 */
export function ignoredOptions({ mounts = [] }: Spec): readonly string[] {
  return mounts.flatMap(({ type, options = [] }, index) => {
    const parsed = parseMountOptions(options);
    if (!parsed.bind && type !== "bind") return [];
    return parsed.data.filter(needsFilesystem).map((option) =>
      `mounts[${index}].options: ${option} is ignored: a bind mount makes no filesystem`
    );
  });
}

type BindOp = Op & { readonly op: "bind" };

/**
 * Root of a user namespace, new or joined, has no way into folders of the host's root. Rootless callers may not clone the
 * host's mounts, and Init can reach what they can.
 */
function opensEarly({ spec, host }: CompileInput): boolean {
  return namespaceOf(spec, "user") !== undefined && host.uid === 0;
}

/**
 * The path of the user namespace that is joined, where a mount is to have its mapping; only host root's Intermediate may give
 * it, before it joins.
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

/** What is mounted below the container's root is there for Init only. */
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

/** What has to be done with the source before it is bound. */
function treeOps(
  input: CompileInput,
  mount: Mount,
  options: MountOptions,
  { source, recursive, slot, from }: BindOp,
  like: string | undefined,
): readonly Op[] {
  if (slot === NO_SLOT) return [];
  const open: Op = { op: "openTree", source, recursive, slot, ...(from ? { from } : {}) };
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
      "an id-mapped mount needs mappings of its own or those of a new user namespace",
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
    target: mount.destination,
    recursive: options.recursive ? 1 : 0,
    attrsSet: options.attrs.set,
    attrsClear: options.attrs.clear,
    recAttrsSet: options.recAttrs.set,
    recAttrsClear: options.recAttrs.clear,
    propagation: options.propagation,
    slot: (isEarly || isIdmapped(mount, options)) && index < TREE_SLOTS ? index : NO_SLOT,
    noFollow: isProtected(mount.destination) ? 1 : 0,
    procfs: procfsOf(joinPath("/", mount.destination), undefined, from),
    from,
  };
}

export function remountOp(mount: Mount, options: MountOptions, from: string): Op {
  return {
    op: "remount",
    target: mount.destination,
    attrsSet: options.attrs.set,
    attrsClear: options.attrs.clear,
    propagation: options.propagation,
    from,
  };
}

export function remountReadonly(target: string): Op {
  return { op: "remount", target, attrsSet: MOUNT_ATTR.RDONLY, attrsClear: 0n, propagation: 0 };
}

/** A read-only tmpfs, /dev above all, still has to take device nodes and mount points. */
export function isFilledLater(mount: Mount, options: MountOptions): boolean {
  const readonly = (options.attrs.set & MOUNT_ATTR.RDONLY) !== 0n;
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
  const readonly = (options.attrs.set & MOUNT_ATTR.RDONLY) !== 0n && !late;
  // As mount(2) with MS_RDONLY: the superblock too, which is what statfs and /proc/mounts show.
  const superblock = readonly && !options.copyUp ? ["ro"] : [];
  const all = [...superblock, ...options.data, ...labelOptions(spec, fstype)];
  return {
    op: "mount",
    fstype,
    source: mount.source ?? fstype,
    target: mount.destination,
    options: fstype === "overlay" ? overlayOptions(all) : all,
    attrs: late ? options.attrs.set & ~MOUNT_ATTR.RDONLY : options.attrs.set,
    propagation: options.propagation,
    noFollow: takesNoLinks(fstype, mount.destination) ? 1 : 0,
    copyUp: options.copyUp ? 1 : 0,
    procfs: procfsOf(joinPath("/", mount.destination), fstype, from),
    from,
  };
}
