/**
 * systemd over D-Bus (org.freedesktop.systemd1(5)): the calls of the driver, and waiting for the jobs that they start.
 * systemd_path.ts and systemd_properties.ts define the units.
 */
import type { BusValue } from "../../../ffi/dbus_signature.ts";
import { Bus, type BusCall, BusError } from "../../../ffi/libsystemd.ts";
import { HostError, SyscallError } from "../../common/errors.ts";
import { CgroupAccessError } from "../errors.ts";
import type { SystemdRecord } from "../path.ts";
import type { UnitProperty } from "./unit_property.ts";
import { ifThere } from "../../common/files.ts";

const SYSTEMD = "org.freedesktop.systemd1";
const MANAGER = `${SYSTEMD}.Manager`;
const JOB_REMOVED = { interface: MANAGER, member: "JobRemoved", signature: "uoss" };
const JOB_RULE = `type='signal',sender='${SYSTEMD}',path='/org/freedesktop/systemd1',` +
  `interface='${MANAGER}',member='JobRemoved'`;

/** Milliseconds that a job of systemd gets. */
const PATIENCE = 30_000;

/** A connection to a systemd manager; it must be closed. */
export class SystemdManager implements Disposable {
  readonly #bus: Bus;

  /**
   * @throws {HostError} without libsystemd, or on a host that systemd has not booted.
   * @throws {CgroupAccessError} when the manager cannot be reached.
   */
  constructor(which: SystemdRecord["bus"]) {
    requireSystemd();
    try {
      this.#bus = new Bus(which);
    } catch (cause) {
      throw cause instanceof SyscallError ? unreachable(which, cause) : cause;
    }
  }

  /** The manager's own cgroup, which contains its slices. */
  controlGroup(which: SystemdRecord["bus"]): string {
    const property = managerCall("Get", [["s", MANAGER], ["s", "ControlGroup"]]);
    try {
      return this.#bus.call({ ...property, interface: "org.freedesktop.DBus.Properties" }, "vs") ||
        "/";
    } catch (cause) {
      throw unreachable(which, cause);
    }
  }

  /**
   * Starts a transient unit and waits until it runs.
   * @throws {HostError} when systemd refuses, or a unit of that name is in use.
   */
  start(unit: string, properties: readonly UnitProperty[]): void {
    try {
      this.#runJob(startCall(unit, properties), unit);
    } catch (error) {
      if (!isBusError(error, "UnitExists")) throw startError(unit, error);
      // A unit of that name may have failed earlier, and is still loaded.
      this.resetFailed(unit);
      try {
        this.#runJob(startCall(unit, properties), unit);
      } catch (error) {
        throw startError(unit, error);
      }
    }
  }

  /** Stops a unit and waits until it is gone; a missing unit is no error. */
  stop(unit: string): void {
    try {
      this.#runJob(managerCall("StopUnit", [["s", unit], ["s", "replace"]]), unit);
    } catch (error) {
      if (isBusError(error, "NoSuchUnit")) return;
      throw new HostError(`systemd does not stop ${unit}: ${textOf(error)}`, SEE_STATUS(unit), {
        cause: error,
      });
    }
  }

  /** Resets the unit's failed state; no error if it has not failed, or does not exist. */
  resetFailed(unit: string): void {
    try {
      this.#bus.call(managerCall("ResetFailedUnit", [["s", unit]]));
    } catch (error) {
      if (!isBusError(error, "NoSuchUnit")) throw error;
    }
  }

  /**
   * Changes properties of a running unit, until it ends.
   * @throws {HostError} when systemd refuses.
   */
  setProperties(unit: string, properties: readonly UnitProperty[]): void {
    try {
      this.#bus.call(setPropertiesCall(unit, properties));
    } catch (error) {
      throw new HostError(
        `systemd refuses properties of ${unit}: ${textOf(error)}`,
        "see linux.resources",
        { cause: error },
      );
    }
  }

  [Symbol.dispose](): void {
    this.#bus[Symbol.dispose]();
  }

  #runJob(call: BusCall, unit: string): void {
    this.#bus.call(BUS_MATCH);
    const job = this.#bus.call(call, "o");
    const deadline = performance.now() + PATIENCE;
    for (;;) {
      const signal = this.#bus.nextSignal(JOB_REMOVED, deadline - performance.now());
      if (!signal) throw new Error(`its job has not ended after ${PATIENCE / 1000} s`);
      const [, removed, , result] = signal;
      if (removed !== job) continue;
      if (result === "done" || result === "skipped") return;
      throw new Error(`the job of ${unit} ended with "${result}"`);
    }
  }
}

const BUS_MATCH: BusCall = {
  destination: "org.freedesktop.DBus",
  path: "/org/freedesktop/DBus",
  interface: "org.freedesktop.DBus",
  member: "AddMatch",
  args: [["s", JOB_RULE]],
};

function managerCall(member: string, args: readonly BusValue[]): BusCall {
  const path = "/org/freedesktop/systemd1";
  return { destination: SYSTEMD, path, interface: MANAGER, member, args };
}

/** StartTransientUnit(name, mode, properties, auxiliary units). */
export function startCall(unit: string, properties: readonly UnitProperty[]): BusCall {
  return managerCall("StartTransientUnit", [
    ["s", unit],
    ["s", "replace"],
    ["a(sv)", properties],
    ["a(sa(sv))", []],
  ]);
}

/** SetUnitProperties(name, runtime, properties). */
export function setPropertiesCall(unit: string, properties: readonly UnitProperty[]): BusCall {
  return managerCall("SetUnitProperties", [["s", unit], ["b", true], ["a(sv)", properties]]);
}

function requireSystemd(): void {
  if (ifThere(() => Deno.lstatSync("/run/systemd/system"))?.isDirectory) return;
  throw new HostError(
    "the systemd cgroup manager needs a host booted with systemd",
    "run without --systemd-cgroup",
  );
}

function unreachable(which: SystemdRecord["bus"], cause: unknown): CgroupAccessError {
  const remedy = which === "user"
    ? "log in, so that there is a session (loginctl enable-linger keeps one), or run without " +
      "--systemd-cgroup"
    : "start dbus, or run without --systemd-cgroup";
  const whose = which === "user" ? "the user's systemd" : "systemd";
  return new CgroupAccessError(`${whose} cannot be reached: ${textOf(cause)}`, remedy, { cause });
}

const SEE_STATUS = (unit: string) => `see systemctl status ${unit}`;

function startError(unit: string, cause: unknown): HostError {
  if (isBusError(cause, "UnitExists")) {
    return new HostError(
      `linux.cgroupsPath: the unit ${unit} is in use`,
      "give the container a unit of its own, or stop that one",
      { cause },
    );
  }
  return new HostError(`systemd does not start ${unit}: ${textOf(cause)}`, SEE_STATUS(unit), {
    cause,
  });
}

function isBusError(error: unknown, name: string): boolean {
  return error instanceof BusError && error.errorName === `${SYSTEMD}.${name}`;
}

function textOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).replace(/\.$/, "");
}
