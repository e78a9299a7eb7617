/** The modules of the drivers; each is loaded only when it is needed. */
import type { CgroupDriver } from "./driver.ts";
import type { CgroupRecord } from "../path.ts";

/** The driver that created a stored container's cgroup. */
export async function loadDriver({ driver }: CgroupRecord): Promise<CgroupDriver> {
  // systemd's driver is only ever called with its own records.
  if (driver === "systemd") return (await import("./systemd.ts")).systemdDriver as CgroupDriver;
  return (await import("./cgroupfs.ts")).cgroupfsDriver;
}
