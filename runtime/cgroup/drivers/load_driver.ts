/** Which module is which driver; each is loaded only when it is asked for. */
import type { CgroupDriver } from "./driver.ts";
import type { CgroupRecord } from "../path.ts";

/** The driver that made a stored container's cgroup. */
export async function loadDriver({ driver }: CgroupRecord): Promise<CgroupDriver> {
  // systemd's is given no other driver's record.
  if (driver === "systemd") return (await import("./systemd.ts")).systemdDriver as CgroupDriver;
  return (await import("./cgroupfs.ts")).cgroupfsDriver;
}
