/** Removes a stored container's cgroup, of any driver. systemd's driver is loaded only if necessary. */
import { exists } from "../files.ts";
import type { CgroupRecord } from "../path.ts";
import { destroyCgroup } from "../life/remove.ts";

/** Kills all processes of the cgroup and removes it. */
export type CgroupDestroyer = (record: CgroupRecord) => void;

/**
 * The destroyer for a container's cgroup. Call this before anything is locked or changed: for a scope that still exists,
 * the quick program starts the full one. Usually a scope is gone with its last process.
 */
export async function cgroupDestroyer(
  record: CgroupRecord | null | undefined,
): Promise<CgroupDestroyer> {
  if (record?.driver !== "systemd" || !record.directories.some(({ path }) => exists(path))) {
    return destroyCgroup;
  }
  const { systemdDriver } = await import("./systemd.ts");
  return (record) => {
    if (record.driver === "systemd") systemdDriver.destroy(record);
    else destroyCgroup(record);
  };
}
