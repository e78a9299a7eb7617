/** The attribute options of a bind, a remount and a new filesystem, as fields of operations. */
import { type AttributeChange, MOUNT_ATTR, type MountOptions } from "./mount_options.ts";
import type { Op } from "./op.ts";

/** Without nosymfollow, which mount_setattr(2) knows only since Linux 5.14. */
const CLEARED = MOUNT_ATTR.RDONLY | MOUNT_ATTR.NOSUID | MOUNT_ATTR.NODEV | MOUNT_ATTR.NOEXEC |
  MOUNT_ATTR.NODIRATIME;
const TIMES = MOUNT_ATTR.ATIME_MASK | MOUNT_ATTR.NODIRATIME;

/**
 * The attributes that are cleared because no option names them, as mount(2) does with MS_REMOUNT: the options together are
 * the complete set. The access time mode is kept when no option is about it.
 */
export function unnamedAttributes({ set, clear }: AttributeChange): bigint {
  const named = set | clear;
  const times = named & TIMES ? MOUNT_ATTR.ATIME_MASK : 0n;
  return (CLEARED | times) & ~named;
}

/** A bind has its source's attributes, except those that an option names. */
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

/** There are no mounts below a new filesystem, so the recursive attributes apply to it alone. */
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
