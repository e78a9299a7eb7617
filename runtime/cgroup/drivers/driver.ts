/**
 * The interface of cgroup drivers, between `create` and the programs that manage cgroups. A driver is a file: cgroupfs.ts,
 * systemd.ts. With any driver, applyWrites() writes the values to the cgroup's files.
 */
import type { Op } from "../../plan/op.ts";
import type { DeviceProgram } from "../devices/device_program.ts";
import type { CgroupRecord } from "../path.ts";
import type { ResourceWrite, ValueWrite } from "../resource_write.ts";
import type { UnitProperty } from "./unit_property.ts";

/** How the first process of a container joins its cgroup. */
export interface CgroupJoin {
  /** Writes by which a single-threaded process, the Intermediate, moves itself. */
  readonly writes: readonly Op[];
  /** The v2 directory, to be opened for clone3(2) with CLONE_INTO_CGROUP. */
  readonly cloneInto?: string;
}

/** A cgroup that is to be created. */
export interface CgroupOrder<R extends CgroupRecord = CgroupRecord> {
  readonly id: string;
  readonly record: R;
  /** Values that apply from the start. */
  readonly early: readonly ResourceWrite[];
  /** v2's device rules; absent without root's privileges, and on v1, which has files for them. */
  readonly devices?: DeviceProgram;
  /** Values that are written when Init exists; v2 needs their controllers from the start. */
  readonly late: readonly ResourceWrite[];
  /** Properties of the systemd unit from annotations. */
  readonly unitProperties: readonly UnitProperty[];
}

export interface CgroupDriver<R extends CgroupRecord = CgroupRecord> {
  /** How the first process joins. Pure. */
  join(record: R): CgroupJoin;
  /**
   * Called before there is a process. True when the cgroup is created, false when adopt() creates it; on an error
   * everything is removed again.
   * @throws {HostError} when the cgroup exists and is in use.
   */
  create(order: CgroupOrder<R>): boolean;
  /** Called when the first process waits at SYNC_POINTS.cgroup, as join() requested: moves it in. */
  adopt(order: CgroupOrder<R>, pid: number): void;
  /** Called before values are written: a manager that stores them itself must know them. */
  announce(record: R, writes: readonly ValueWrite[]): void;
  /** Kills all processes of the cgroup and removes it; some or all of it may be gone. */
  destroy(record: R): void;
}
