/**
 * `mounts` of config.json as operations, in the order of the list. The cgroup filesystems are in cgroup_mounts.ts;
 * who may mount what is the kernel's business, and its refusal is reported with the mount's index.
 */
import { SpecError } from "../errors.ts";
import type { Mount } from "../spec/spec.ts";
import type { CompileInput } from "./compile_input.ts";
import { cgroupMountOps } from "./cgroup_mounts.ts";
import { MOUNT_ATTR, type MountOptions, parseMountOptions } from "./mount_options.ts";
import type { Op } from "./op.ts";
import { joinPath } from "./path.ts";

/** Filesystems whose look decides what masks and labels protect: never through a link (CVE-2019-19921). */
const NO_LINKS_TYPES: ReadonlySet<string> = new Set(["proc", "sysfs"]);
const NO_LINKS_TARGETS: ReadonlySet<string> = new Set(["/dev", "/proc", "/sys"]);

export interface MountPlan {
  readonly ops: readonly Op[];
  /** Read-only at last: folders in which later operations still make nodes and mount points. */
  readonly finish: readonly Op[];
}

/**
 * Compiles the list of mounts.
 * @throws {SpecError} for what no mount can be made of.
 */
export function mountOps(input: CompileInput): MountPlan {
  const ops: Op[] = [];
  const finish: Op[] = [];
  for (const [index, mount] of (input.spec.mounts ?? []).entries()) {
    const from = `mounts[${index}]`;
    const options = parseMountOptions(mount.options ?? []);
    if (options.idmap || mount.uidMappings || mount.gidMappings) {
      throw new SpecError(`${from}.uidMappings`, "id-mapped mounts are not supported");
    }
    if (mount.type === "cgroup" && !options.bind) {
      ops.push(...cgroupMountOps(input, mount, options, from));
    } else if (options.bind || mount.type === "bind") {
      ops.push(bindOp(input, mount, options, from));
    } else if (options.remount) {
      ops.push(remountOp(mount, options, from));
    } else {
      const late = isFilledLater(mount, options);
      ops.push(newMountOp(mount, options, late, from));
      if (late) finish.push({ ...remountReadonly(mount.destination), from });
    }
  }
  return { ops, finish };
}

function bindOp(input: CompileInput, mount: Mount, options: MountOptions, from: string): Op {
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
    from,
  };
}

function remountOp(mount: Mount, options: MountOptions, from: string): Op {
  return {
    op: "remount",
    target: mount.destination,
    attrsSet: options.attrs.set,
    attrsClear: options.attrs.clear,
    propagation: options.propagation,
    from,
  };
}

function remountReadonly(target: string): Op {
  return { op: "remount", target, attrsSet: MOUNT_ATTR.RDONLY, attrsClear: 0n, propagation: 0 };
}

/** A read-only tmpfs, /dev above all, still has to take device nodes and mount points. */
function isFilledLater(mount: Mount, options: MountOptions): boolean {
  const readonly = (options.attrs.set & MOUNT_ATTR.RDONLY) !== 0n;
  return readonly && (mount.type === "tmpfs" || mount.destination === "/dev");
}

function newMountOp(mount: Mount, options: MountOptions, late: boolean, from: string): Op {
  const fstype = mount.type;
  if (!fstype || fstype === "none") {
    throw new SpecError(
      `${from}.type`,
      "a mount without a type must have the option bind or rbind",
    );
  }
  const readonly = (options.attrs.set & MOUNT_ATTR.RDONLY) !== 0n && !late;
  return {
    op: "mount",
    fstype,
    source: mount.source ?? fstype,
    target: mount.destination,
    // As mount(2) with MS_RDONLY: the superblock too, which is what statfs and /proc/mounts show.
    options: readonly && !options.copyUp ? ["ro", ...options.data] : options.data,
    attrs: late ? options.attrs.set & ~MOUNT_ATTR.RDONLY : options.attrs.set,
    propagation: options.propagation,
    noFollow: NO_LINKS_TYPES.has(fstype) || NO_LINKS_TARGETS.has(mount.destination) ? 1 : 0,
    copyUp: options.copyUp ? 1 : 0,
    from,
  };
}
