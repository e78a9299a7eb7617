/** The device nodes of the guest's disks. Pure. */
import { joinPath } from "../../../runtime/common/path.ts";
import type { Op } from "../../../runtime/plan/op.ts";
import type { Mount, Spec } from "../../../runtime/spec/spec.ts";

/** What names disks in errors. */
export const DISKS_FROM = 'annotations["krun.disk"]';

/**
 * Nodes of the disks, whose major number the guest's kernel chooses. Only in a tmpfs: in a /dev of the image's files, they
 * would be nodes of other devices on the host. A bound /dev is the guest's devtmpfs, which has them.
 */
export function diskOps({ mounts = [] }: Spec, disks: number): readonly Op[] {
  const isOwnDev = ({ destination, type }: Mount) =>
    type === "tmpfs" && joinPath("/", destination) === "/dev";
  if (!mounts.some(isOwnDev)) return [];
  return Array.from({ length: disks }, (_, index) => ({
    op: "guestDisk",
    path: `/dev/vd${diskLetters(index)}`,
    from: DISKS_FROM,
  }));
}

/** The kernel's names: a to z, aa, ab, … */
function diskLetters(index: number): string {
  const last = String.fromCharCode("a".charCodeAt(0) + index % 26);
  return index < 26 ? last : diskLetters(Math.floor(index / 26) - 1) + last;
}
