/**
 * The kernel's own filesystems among a microVM's `mounts`. They show and control a kernel, and the guest has its own: the
 * agent mounts them in the guest (mounts.ts), and the VMM gets an empty folder in place of each. The guest accesses files
 * through the VMM's mounts, and a procfs there would let the guest's root write the VMM's memory.
 */
import { SpecError } from "../../../runtime/common/errors.ts";
import type { Mount } from "../../../runtime/spec/spec.ts";
import type { CompileInput, MountPlan } from "../../../runtime/plan/compile_input.ts";
import { filesystemOp } from "../../../runtime/plan/filesystem.ts";
import { remountReadonly } from "../../../runtime/plan/mount_attributes.ts";
import {
  MOUNT_ATTR,
  type MountOptions,
  parseMountOptions,
} from "../../../runtime/plan/mount_options.ts";
import { mountOps, takesNoLinks } from "../../../runtime/plan/mounts.ts";
import { type Op, PROCFS } from "../../../runtime/plan/op.ts";
import { joinPath } from "../../../runtime/common/path.ts";

const KERNEL_TYPES: ReadonlySet<string> = new Set([
  "proc",
  "sysfs",
  "cgroup",
  "cgroup2",
  "devpts",
  "mqueue",
  "devtmpfs",
  "binfmt_misc",
  "bpf",
  "configfs",
  "debugfs",
  "efivarfs",
  "fusectl",
  "pstore",
  "resctrl",
  "securityfs",
  "selinuxfs",
  "smackfs",
  "tracefs",
]);

/** Where engines bind the host's instead of mounting a new one (podman's `--pid=host`, `--network=host`, `--ipc=host`). */
const BOUND: Readonly<Record<string, string>> = {
  "/dev": "devtmpfs",
  "/dev/mqueue": "mqueue",
  "/proc": "proc",
  "/sys": "sysfs",
  "/sys/fs/cgroup": "cgroup2",
};

/** The guest kernel's type of a mount of one of the kernel's filesystems; undefined for every other mount. */
export function kernelType(mount: Mount, options: MountOptions): string | undefined {
  if (options.remount) return undefined;
  if (options.bind || mount.type === "bind") return boundType(mount);
  if (mount.type === "cgroup") return "cgroup2";
  return KERNEL_TYPES.has(mount.type ?? "") ? mount.type : undefined;
}

function boundType({ source = "", destination }: Mount): string | undefined {
  const target = joinPath("/", destination);
  return joinPath("/", source) === target ? BOUND[target] : undefined;
}

/**
 * As mountOps(), for the VMM.
 * @throws {SpecError} for a bind of the host's procfs, in which the VMM is visible as a process.
 */
export function vmmMountOps(input: CompileInput): MountPlan {
  const emptied: string[] = [];
  const finish: Op[] = [];
  const instead = (mount: Mount, from: string): readonly Op[] | undefined => {
    const options = parseMountOptions(mount.options ?? []);
    const target = joinPath("/", mount.destination);
    if (options.remount) return isIn(target, emptied) ? [] : undefined;
    if (!isForGuest(input, mount, options)) {
      refuseProcfs(mount, options, from);
      return undefined;
    }
    const type = kernelType(mount, options)!;
    // /dev is mounted for the VMM too, because libkrun opens devices in it.
    if (type === "devtmpfs") return undefined;
    if (isIn(target, emptied)) return [];
    emptied.push(target);
    finish.push({ ...remountReadonly(mount.destination), from });
    return [emptyFolder(mount.destination, takesNoLinks(type, mount.destination), from)];
  };
  const mounts = mountOps(input, instead);
  return {
    ...mounts,
    finish: [vmmDescriptors, ...mounts.finish, ...finish, kernelMountsReadonly],
  };
}

/** The VMM needs the container's devpts if its standard streams are a terminal of it. */
function isForGuest({ spec }: CompileInput, mount: Mount, options: MountOptions): boolean {
  const type = kernelType(mount, options);
  return type !== undefined && !(type === "devpts" && spec.process?.terminal);
}

function refuseProcfs(mount: Mount, options: MountOptions, from: string): void {
  if (!options.bind && mount.type !== "bind") return;
  const source = joinPath("/", mount.source ?? "");
  if (source !== "/proc" && !source.startsWith("/proc/")) return;
  throw new SpecError(
    `${from}.source`,
    `${source} cannot be bound into a microVM, because the guest would reach its VMM through it: ` +
      "mount a new proc instead",
  );
}

function isIn(target: string, folders: readonly string[]): boolean {
  return folders.some((folder) => target === folder || target.startsWith(`${folder}/`));
}

/** Also covers mount points below it; made read-only at the end. */
function emptyFolder(target: string, noLinks: boolean, from: string): Op {
  return filesystemOp({
    fstype: "tmpfs",
    source: "tmpfs",
    target,
    options: ["mode=0555", "size=64k", "nr_inodes=256"],
    attrs: MOUNT_ATTR.NOSUID | MOUNT_ATTR.NODEV | MOUNT_ATTR.NOEXEC,
    propagation: 0,
    noFollow: noLinks ? 1 : 0,
    copyUp: false,
    procfs: PROCFS.refused,
    from,
  });
}

const vmmDescriptors: Op = { op: "vmmDescriptors", from: "mounts" };

/** Those that remain come with a bind of a host's folder. */
const kernelMountsReadonly: Op = {
  op: "kernelMountsReadonly",
  types: [...KERNEL_TYPES],
  from: "mounts",
};
