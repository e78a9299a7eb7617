/**
 * `mounts` inside a microVM. The host has made all of them in the tree that the guest sees through virtiofs. The guest's
 * kernel mounts its own filesystems over that: proc, sysfs, terminals, queues, memory. Binds are bound again from the
 * host's tree if they are below such a mount, have attributes of their own, or would be read-only with the root.
 */
import { SpecError } from "../../../runtime/common/errors.ts";
import type { Mount } from "../../../runtime/spec/spec.ts";
import type { CompileInput, MountPlan } from "../../../runtime/plan/compile_input.ts";
import { remountReadonly } from "../../../runtime/plan/mount_attributes.ts";
import {
  type MountOptions,
  mountTarget,
  parseMountOptions,
} from "../../../runtime/plan/mount_options.ts";
import { kernelType } from "./kernel_mounts.ts";
import { isFilledLater, newMountOp, remountOp } from "../../../runtime/plan/mounts.ts";
import { LINKS, type Op, TREE_SLOTS } from "../../../runtime/plan/op.ts";
import { joinPath } from "../../../runtime/common/path.ts";
import { procfsOf } from "../../../runtime/plan/proc_mounts.ts";
import { isRootReadonly } from "../../../runtime/plan/root.ts";

/** @param sockets the `mounts` that are Unix sockets of the host, in whose place the agent listens. */
export function guestMountOps(input: CompileInput, sockets: readonly number[] = []): MountPlan {
  const { spec } = input;
  const ops: Op[] = [];
  const early: Op[] = [];
  const finish: Op[] = [];
  const covered: string[] = [];
  for (const [index, mount] of (spec.mounts ?? []).entries()) {
    const from = `mounts[${index}]`;
    const options = parseMountOptions(mount.options ?? []);
    const own = guestMount(mount, options);
    if (own) {
      const late = isFilledLater(own.mount, own.options);
      ops.push(newMountOp(input, own.mount, own.options, late, from));
      if (late) finish.push({ ...remountReadonly(mount.destination), from });
      covered.push(joinPath("/", mount.destination));
    } else if (options.remount) ops.push(remountOp(mount, options, from));
    else if (
      isRootReadonly(spec) || sockets.includes(index) || options.attrs.set ||
      options.recAttrs.set || isBelow(mount, covered)
    ) {
      const [open, bind] = rebindOps(mount, options, index, sockets.indexOf(index), from);
      early.push(open);
      ops.push(bind);
    }
  }
  return { ops, early, finish };
}

interface GuestMount {
  readonly mount: Mount;
  readonly options: MountOptions;
}

/** The mount as the guest's kernel makes it; undefined for one that comes from the host. */
function guestMount(mount: Mount, options: MountOptions): GuestMount | undefined {
  const type = kernelType(mount, options);
  const bound = options.bind || mount.type === "bind";
  if (type !== undefined) {
    const own = !bound && type === mount.type && !SHARED_TYPES.has(type);
    const source = own ? mount.source ?? type : type;
    return { mount: { ...mount, type, source }, options: own ? options : shared(options) };
  }
  if (options.remount || bound) return undefined;
  return mount.type === "tmpfs" ? { mount, options } : undefined;
}

/** A kernel has one such filesystem, already mounted: only the new mount can be read-only. */
const SHARED_TYPES: ReadonlySet<string> = new Set(["cgroup2", "devtmpfs", "sysfs"]);

function shared(options: MountOptions): MountOptions {
  return { ...options, data: [] };
}

function isBelow({ destination }: Mount, covered: readonly string[]): boolean {
  const path = joinPath("/", destination);
  return covered.some((above) => path === above || path.startsWith(`${above}/`));
}

/** @param socket its index among the sockets, or -1. */
function rebindOps(
  { destination }: Mount,
  options: MountOptions,
  index: number,
  socket: number,
  from: string,
): readonly [Op, Op] {
  const slot = index;
  if (slot >= TREE_SLOTS) {
    throw new SpecError(from, `is beyond the ${TREE_SLOTS} mounts that a microVM can have`);
  }
  const target = mountTarget(destination, options);
  // The host may have put a symlink there.
  const noFollow = options.links ? 1 : 0;
  const open: Op = socket < 0
    ? { op: "openRootTree", path: target, recursive: 1, slot, noFollow, from }
    : { op: "openSocketTree", path: target, slot, socket, from };
  return [open, {
    op: "bind",
    source: "",
    target,
    recursive: 1,
    attrsSet: options.attrs.set,
    attrsClear: options.attrs.clear,
    attrsUnnamed: 0n,
    recAttrsSet: options.recAttrs.set,
    recAttrsClear: options.recAttrs.clear,
    propagation: 0,
    slot,
    noFollow: 0,
    procfs: procfsOf(joinPath("/", destination), undefined, from),
    links: noFollow ? LINKS.coverTarget : LINKS.follow,
    from,
  }];
}
