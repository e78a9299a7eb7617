/** Removing a stored container's cgroup, whoever made it. systemd's driver is loaded only where it has something to do. */
import { exists } from "../files.ts";
import type { CgroupRecord } from "../path.ts";
import { destroyCgroup } from "../life/remove.ts";

/** Ends all processes of the cgroup and removes it. */
export type CgroupDestroyer = (record: CgroupRecord) => void;

/**
 * The destroyer for a container's cgroup. To be had before anything is locked or changed: in the quick program it starts
 * the whole one for a scope that is still there. Mostly a scope has gone with its last process.
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
