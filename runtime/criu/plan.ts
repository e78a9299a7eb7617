/**
 * The plans of an Intermediate that becomes criu. For a restore it first moves to where the container will be: its
 * cgroup, and a private mount namespace in which the root filesystem is ready. Pure.
 */
import type { Mount, Spec } from "../spec/spec.ts";
import { MOUNT_ATTR, mountTarget, MS, parseMountOptions } from "../plan/mount_options.ts";
import { filesystemOp } from "../plan/filesystem.ts";
import { NAMESPACES } from "../spec/namespaces.ts";
import { NO_SLOT, type Op, type Plan, PROCFS } from "../plan/op.ts";
import { joinPath } from "../common/path.ts";
import { procfsOf } from "../plan/proc_mounts.ts";

/** Descriptors in criu, above all that a stage opens for itself; those of namespaces start at the last number. */
export const CRIU_FDS = { socket: 100, images: 101, work: 102, namespaces: 103 } as const;

/** Absolute paths. */
export interface FolderPaths {
  readonly images: string;
  /** For criu's log; the default is the folder of the images. */
  readonly work?: string;
}

export interface CriuProgram {
  readonly path: string;
  /** `NAME=value` each. */
  readonly env: readonly string[];
  readonly folders: FolderPaths;
}

export interface RestorePlanInput {
  readonly program: CriuProgram;
  readonly spec: Spec;
  /** Absolute path. */
  readonly bundle: string;
  /** Absolute path. */
  readonly rootfs: string;
  /** An empty folder on the host, on which the root filesystem is mounted for criu. */
  readonly criuRoot: string;
  /** An empty file on the host, which becomes the cover of masked files. */
  readonly nullDevice: string;
  /** Cgroups and resctrl groups to join. */
  readonly joinOps: readonly Op[];
  /** Files of the namespaces for criu, in the order of their descriptors. */
  readonly namespaces: readonly string[];
}

export function dumpPlan(program: CriuProgram): Plan {
  // Outside the terminal's process group: Ctrl-C then ends kago, and criu, left alone, resumes the container.
  return planOf([{ op: "setsid" }, { op: "closeFds", preserve: 0 }, ...programOps(program)]);
}

export function restorePlan(input: RestorePlanInput): Plan {
  return planOf([
    { op: "closeFds", preserve: 0 },
    ...input.joinOps,
    ...input.namespaces.map((path, index): Op => (
      { op: "openAs", path, fd: CRIU_FDS.namespaces + index }
    )),
    { op: "unshare", flags: NAMESPACES.mount.flag },
    // Mounts from here on do not propagate to the host, and end with criu.
    { op: "propagation", path: "/", flags: MS.SLAVE | MS.REC },
    {
      op: "bindHost",
      source: input.rootfs,
      target: input.criuRoot,
      attrsSet: 0n,
      from: "root.path",
    },
    // With the attributes of the masks that `create` makes: criu loses them where it mounts one file twice.
    {
      op: "bindHost",
      source: "/dev/null",
      target: input.nullDevice,
      attrsSet: MOUNT_ATTR.RDONLY | MOUNT_ATTR.NOSUID | MOUNT_ATTR.NOEXEC,
      from: "linux.maskedPaths",
    },
    ...mountPointOps(input),
    ...programOps(input.program),
  ]);
}

function planOf(intermediate: readonly Op[]): Plan {
  return { intermediate, init: [], vmm: [] };
}

/** The working folder comes last: criu mounts in it, so it must be in criu's mount namespace. */
function programOps({ path, env, folders }: CriuProgram): readonly Op[] {
  const { images, work = images } = folders;
  return [
    { op: "openAs", path: images, fd: CRIU_FDS.images },
    { op: "openAs", path: work, fd: CRIU_FDS.work },
    { op: "criuSocket", fd: CRIU_FDS.socket },
    { op: "findProgram", file: path, search: "", from: "criu" },
    { op: "exec", args: [path, "swrk", `${CRIU_FDS.socket}`], env, from: "criu" },
  ];
}

/**
 * Mount points that a root filesystem may lack: criu mounts, but creates none. They are created as in `create`, by
 * mounting on a copy of the root that is dropped again; a tmpfs replaces mounts that criu restores with contents.
 */
function mountPointOps({ spec, bundle, rootfs }: RestorePlanInput): readonly Op[] {
  const mounts = (spec.mounts ?? []).flatMap((mount, index) =>
    mountPointOp(mount, bundle, `mounts[${index}]`)
  );
  return [
    { op: "openRoot", path: rootfs, privateParent: 0, privateTree: 0, from: "root.path" },
    ...mounts,
    { op: "dropRoot", from: "root.path" },
  ];
}

function mountPointOp(mount: Mount, bundle: string, from: string): readonly Op[] {
  const options = parseMountOptions(mount.options ?? []);
  const target = mountTarget(mount.destination, options);
  if (mount.source && (options.bind || mount.type === "bind")) {
    const source = joinPath(bundle, mount.source);
    const { links } = options;
    const attributes = {
      attrsSet: 0n,
      attrsClear: 0n,
      attrsUnnamed: 0n,
      recAttrsSet: 0n,
      recAttrsClear: 0n,
    };
    return [{
      op: "bind",
      source,
      target,
      recursive: options.recursive ? 1 : 0,
      ...attributes,
      propagation: 0,
      slot: NO_SLOT,
      noFollow: 0,
      procfs: procfsOf(joinPath("/", target), undefined, from),
      links,
      from,
    }];
  }
  if (options.remount) return [];
  const folder = {
    fstype: "tmpfs",
    source: "tmpfs",
    target,
    options: [],
    attrs: 0n,
    propagation: 0,
    noFollow: 0,
    copyUp: false,
    procfs: PROCFS.refused,
    from,
  };
  return [filesystemOp(folder)];
}
