/** The cgroup's part of a launch: made before or with the first process; its limits are set in two steps. */
import { applyWrites } from "../cgroup/apply.ts";
import { readProcs } from "../cgroup/files.ts";
import type { CgroupRecord } from "../cgroup/path.ts";
import type { ResourceWrite } from "../cgroup/resource_write.ts";
import type { CgroupBuild } from "../build/cgroup.ts";
import { HostError } from "../common/errors.ts";

export interface CgroupLaunch {
  /** Called when the first process waits at SYNC_POINTS.cgroup. */
  adopt(pid: number): void;
  /** Called when Init is alone in the cgroup. */
  settle(): void;
}

/**
 * Makes the cgroup, as far as that is possible without a process.
 * @param undo gets the functions that undo it.
 * @throws {HostError | CgroupWriteError | SyscallError}
 */
export function beginCgroup(build: CgroupBuild, undo: (() => void)[]): CgroupLaunch {
  const { driver, record, writes, attachEgress } = build;
  const late = writes.filter(isLate);
  const order = { ...build, early: writes.filter((write) => !isLate(write)), late };
  // An existing cgroup that kago did not make must not be removed when creating it fails.
  let made = driver.create(order);
  undo.push(() => {
    if (made) driver.destroy(record);
  });
  if (made) attachEgress?.(record);
  return {
    adopt(pid) {
      driver.adopt(order, pid);
      if (made) return;
      made = true;
      if (!attachEgress) return;
      // Only kago's own process is in the cgroup, and it waits.
      requireInV2(record, pid);
      attachEgress(record);
    },
    settle() {
      if (late.length === 0) return;
      driver.announce(record, late);
      applyWrites(record, late);
    },
  };
}

/**
 * Limits that would also constrain the set-up are set when Init is ready: a limit on processes counts the Intermediate, and
 * shares and quotas slow both down. Realtime limits are required before a realtime process joins.
 */
function isLate({ controller, file }: ResourceWrite): boolean {
  return controller === "pids" || controller === "cpu" && !file.startsWith("cpu.rt_");
}

/**
 * A driver that moves the process need not move it in every mounted hierarchy: systemd does not know a v2 hierarchy that
 * was mounted separately beside its v1.
 * @throws {HostError} if rules on the v2 directory would not apply.
 */
function requireInV2({ directories }: CgroupRecord, pid: number): void {
  const v2 = directories.find(({ version }) => version === 2);
  if (v2 && readProcs(v2.path).includes(pid)) return;
  throw new HostError(
    `the egress rules would not apply: ${v2?.path ?? "a cgroup v2"} is not the container's cgroup`,
    "use the cgroupfs driver, or boot with systemd.unified_cgroup_hierarchy=1",
  );
}
