/** What the options about attributes mean for a bind, a remount and a new filesystem, as fields of operations. */
import { type AttributeChange, MOUNT_ATTR, type MountOptions } from "./mount_options.ts";
import type { Op } from "./op.ts";

/** Of nosymfollow mount_setattr(2) knows since Linux 5.14 only, so it stays. */
const CLEARED = MOUNT_ATTR.RDONLY | MOUNT_ATTR.NOSUID | MOUNT_ATTR.NODEV | MOUNT_ATTR.NOEXEC |
  MOUNT_ATTR.NODIRATIME;
const TIMES = MOUNT_ATTR.ATIME_MASK | MOUNT_ATTR.NODIRATIME;

/**
 * What options of attributes clear without being told, as mount(2) does with MS_REMOUNT: together they say all that the mount
 * shall have. How access times are kept stays when none of them is about that.
 */
export function unnamedAttributes({ set, clear }: AttributeChange): bigint {
  const named = set | clear;
  const times = named & TIMES ? MOUNT_ATTR.ATIME_MASK : 0n;
  return (CLEARED | times) & ~named;
}

/** A bind has its source's attributes, unless an option names one. */
export function bindAttributes({ attrs, recAttrs }: MountOptions) {
  return {
    attrsSet: attrs.set,
    attrsClear: attrs.clear,
    attrsUnnamed: attrs.set | attrs.clear ? unnamedAttributes(attrs) : 0n,
    recAttrsSet: recAttrs.set,
    recAttrsClear: recAttrs.clear,
  };
}

export function remountAttributes(options: MountOptions) {
  return { ...bindAttributes(options), attrsUnnamed: unnamedAttributes(options.attrs) };
}

/** There is nothing yet below a new filesystem, so what holds for all mounts is said of its own. */
export function newAttributes({ attrs, recAttrs }: MountOptions): bigint {
  return attrs.set & ~recAttrs.clear | recAttrs.set;
}

export function remountReadonly(target: string): Op {
  return {
    op: "remount",
    target,
    attrsSet: MOUNT_ATTR.RDONLY,
    attrsClear: 0n,
    attrsUnnamed: 0n,
    recAttrsSet: 0n,
    recAttrsClear: 0n,
    propagation: 0,
  };
}
