/**
 * What a cgroup driver does: the one interface between `create` and whoever makes cgroups. A driver is a file:
 * cgroupfs.ts, systemd.ts. Values are written to the cgroup's files by applyWrites() whatever the driver.
 */
import type { Op } from "../../plan/op.ts";
import type { DeviceProgram } from "../devices/device_program.ts";
import type { CgroupRecord } from "../path.ts";
import type { ResourceWrite, ValueWrite } from "../resource_write.ts";
import type { UnitProperty } from "./unit_property.ts";

/** How the first process of a container gets into its cgroup. */
export interface CgroupJoin {
  /** For a single-threaded process to do to itself: Intermediate. */
  readonly writes: readonly Op[];
  /** The v2 directory, to be opened and given to clone3(2) with CLONE_INTO_CGROUP. */
  readonly cloneInto?: string;
}

/** A cgroup that is to be made. */
export interface CgroupOrder<R extends CgroupRecord = CgroupRecord> {
  readonly id: string;
  readonly record: R;
  /** What holds from the start. */
  readonly early: readonly ResourceWrite[];
  /** v2's device rules; absent without root's rights, and on v1, which has files for them. */
  readonly devices?: DeviceProgram;
  /** What is written when Init is there; v2 needs its controllers from the start. */
  readonly late: readonly ResourceWrite[];
  /** Properties of the systemd unit that annotations ask for. */
  readonly unitProperties: readonly UnitProperty[];
}

export interface CgroupDriver<R extends CgroupRecord = CgroupRecord> {
  /** How the first process joins. Pure. */
  join(record: R): CgroupJoin;
  /**
   * Called before there is a process. True when the cgroup is made, false when adopt() makes it; whatever was made is
   * removed again on an error.
   * @throws {HostError} when the cgroup exists and is in use.
   */
  create(order: CgroupOrder<R>): boolean;
  /** Called when the first process waits at SYNC_POINTS.cgroup, where join() makes it wait: moves it in. */
  adopt(order: CgroupOrder<R>, pid: number): void;
  /** Called before values are written: a manager that keeps its own idea of them has to know. */
  announce(record: R, writes: readonly ValueWrite[]): void;
  /** Ends all processes of the cgroup and removes it; it may be gone in part or whole. */
  destroy(record: R): void;
}
