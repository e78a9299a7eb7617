/**
 * The systemd driver: a container's cgroup is a transient scope, which systemd creates around the first process when that
 * exists. systemd gets the limits for which it has properties, and all are written to the cgroup's files as well.
 */
import { disposing } from "../../common/disposing.ts";
import { exists } from "../files.ts";
import { HostError } from "../../common/errors.ts";
import { type Op, SYNC_POINTS } from "../../plan/op.ts";
import { cgroupJoin, createCgroup, reuse } from "./cgroupfs.ts";
import type { CgroupDriver } from "./driver.ts";
import { cgroupPids, killCgroup } from "../life/kill.ts";
import type { CgroupLayout } from "../layout.ts";
import type { SystemdRecord } from "../path.ts";
import { removeCgroup } from "../life/remove.ts";
import { SystemdManager } from "./systemd_manager.ts";
import { systemdRecord } from "./systemd_path.ts";
import { resourceProperties, scopeProperties } from "./systemd_properties.ts";
import { undoAll } from "../../common/undo.ts";

export const systemdDriver: CgroupDriver<SystemdRecord> = {
  join(record) {
    const moved: Op = { op: "sync", point: SYNC_POINTS.cgroup, from: "linux.cgroupsPath" };
    // On v1 systemd moves it only in the hierarchies that it uses itself, which may not be all.
    return { writes: [moved, ...cgroupJoin(record).writes] };
  },

  create({ record }) {
    for (const directory of record.directories) {
      if (exists(directory.path)) reuse(directory);
    }
    return false;
  },

  adopt({ id, record, early, late, devices, unitProperties }, pid) {
    const properties = [
      ...scopeProperties(record, id, pid),
      ...resourceProperties(early),
      ...unitProperties,
    ];
    disposing(new SystemdManager(record.bus), (manager) => {
      manager.start(record.unit, properties);
      try {
        createCgroup(record, early, late, devices, true);
      } catch (error) {
        throw undoAll([() => systemdDriver.destroy(record)], error);
      }
    });
  },

  announce(record, writes) {
    const properties = resourceProperties(writes);
    if (properties.length === 0) return;
    disposing(
      new SystemdManager(record.bus),
      (manager) => manager.setProperties(record.unit, properties),
    );
  },

  /** A scope ends with its last process, so usually systemd need not be asked. */
  destroy(record) {
    if (!record.directories.some(({ path }) => exists(path))) return;
    if (cgroupPids(record).length > 0) killCgroup(record);
    using manager = new SystemdManager(record.bus);
    manager.stop(record.unit);
    manager.resetFailed(record.unit);
    removeCgroup(record);
  },
};

/**
 * The container's unit and cgroup.
 * @param rootless whether the user's own systemd manages it.
 * @throws {SpecError | HostError | CgroupAccessError}
 */
export function systemdPlace(
  layout: CgroupLayout,
  cgroupsPath: string | undefined,
  id: string,
  rootless: boolean,
): SystemdRecord {
  if (rootless && layout.mode !== "v2") {
    throw new HostError(
      "systemd does not delegate cgroup v1 to ordinary users",
      "boot with systemd.unified_cgroup_hierarchy=1, or run without --systemd-cgroup",
    );
  }
  const bus = rootless ? "user" : "system";
  // This also reports early that the library, systemd or the bus is missing.
  const cgroup = disposing(new SystemdManager(bus), (manager) => manager.controlGroup(bus));
  return systemdRecord(layout, cgroupsPath, id, { bus, cgroup });
}
