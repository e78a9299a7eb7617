/** The resctrl part of a build. Its modules are loaded only for containers that use it. */
import { SpecError } from "../common/errors.ts";
import type { ResctrlBuild } from "../resctrl/group.ts";
import type { Spec } from "../spec/spec.ts";

/**
 * @returns undefined when the spec has no `linux.intelRdt`.
 * @throws {SpecError} when the host has no resctrl, or does not support what is requested.
 */
export async function buildResctrl(id: string, spec: Spec): Promise<ResctrlBuild | undefined> {
  const intelRdt = spec.linux?.intelRdt;
  if (!intelRdt) return undefined;
  const { findResctrl } = await import("../resctrl/mount.ts");
  const root = findResctrl(Deno.readTextFileSync("/proc/self/mountinfo"));
  if (root === undefined) {
    throw new SpecError(
      "linux.intelRdt",
      "this host has no resctrl filesystem: mount it (mount -t resctrl resctrl /sys/fs/resctrl), or leave the field out",
    );
  }
  const { planResctrl } = await import("../resctrl/group.ts");
  return planResctrl(root, id, intelRdt);
}
