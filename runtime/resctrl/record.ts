/** A container's resctrl groups (runtime spec, config-linux.md, "IntelRdt") as stored in its state; their removal. */
import { removeIfThere } from "../common/files.ts";

export interface ResctrlRecord {
  /** The group's folder; every process of the container joins it. */
  readonly group: string;
  /** The folder of the container's own monitoring group. */
  readonly monitor?: string;
  /** Was the group created for this container alone? Then it is removed with the container. */
  readonly own: boolean;
  /** Was it created with the container, but for others too? Then it stays. */
  readonly made?: true;
}

/** Removes what was created for the container; its processes have exited and need not leave first. */
export function removeResctrl({ group, monitor, own }: ResctrlRecord): void {
  for (const folder of [monitor, own ? group : undefined]) {
    // Not recursively: the files in it are the kernel's.
    if (folder !== undefined) removeIfThere(folder);
  }
}

/** Is this a valid record? A damaged one could name any folder. */
export function isResctrlRecord(value: unknown): value is ResctrlRecord {
  if (typeof value !== "object" || value === null) return false;
  const { group, monitor, own } = value as Record<string, unknown>;
  const isPath = (path: unknown) =>
    typeof path === "string" && /^\/[^/]/.test(path) && !path.split("/").includes("..");
  return isPath(group) && typeof own === "boolean" &&
    (monitor === undefined || isPath(monitor) && `${monitor}`.startsWith(`${group}/mon_groups/`));
}
