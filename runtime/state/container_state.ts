/**
 * The stored data of a container and its output: the format of state.json, the spec's state, and the output of `state`.
 * Pure; store.ts reads and writes files, live_status.ts examines processes.
 */
import type { Hooks } from "../spec/spec.ts";
import type { CgroupRecord } from "../cgroup/path.ts";
import { isResctrlRecord, type ResctrlRecord } from "../resctrl/record.ts";

/** runtime spec, "State". */
export type StoredStatus = "creating" | "created" | "running" | "stopped";

/** `paused` is not in the spec: a created or running container whose cgroup is frozen. It is never stored. */
export type Status = StoredStatus | "paused";

/** state.json; each command that changes something replaces the whole file. */
export interface StoredState {
  readonly formatVersion: 1;
  /** The version of kago that created the container. */
  readonly kagoVersion?: string;
  readonly id: string;
  readonly ociVersion: string;
  /** Absolute path. */
  readonly bundle: string;
  /** Absolute path. */
  readonly rootfs: string;
  readonly annotations: Readonly<Record<string, string>>;
  /** As of the last command; liveStatus() returns the present status. */
  readonly status: StoredStatus;
  /** Init in the host's pid namespace; 0 before there is one. */
  readonly pid: number;
  /** Init's processStartTime(), which detects a reused pid; "" before there is one. */
  readonly pidStartTime: string;
  /** RFC 3339, UTC. */
  readonly created: string;
  /** The uid that created it. */
  readonly owner: number;
  /** null: the container has no cgroup of its own. */
  readonly cgroup: CgroupRecord | null;
  /** Minimum bytes of memory, as required by its executor. */
  readonly leastMemory?: number;
  /** Bytes of a memory limit that are not for its processes, if the limit is also enforced inside. */
  readonly memoryOutside?: number;
  /** Present when Init is not the first process of a pid namespace: its death does not kill other processes. */
  readonly sharesPids?: true;
  /** Absent when the container has nothing in resctrl. */
  readonly resctrl?: ResctrlRecord;
  /**
   * For a container without a mount namespace: the mount id at its root before the container was created. Any other mount
   * there is the container's, and `delete` detaches it.
   */
  readonly mountBelow?: number;
  /** The hooks that `start` and `delete` have yet to run; absent when there are none. */
  readonly hooks?: Pick<Hooks, "poststart" | "poststop">;
  /** Set when config.json has no process: there is nothing to start. */
  readonly processless?: true;
  /** Set by `create --no-new-keyring`: `exec` does not create a session keyring either. */
  readonly noNewKeyring?: true;
  /** Set when the executor has an agent inside, which is asked about the processes (executors/interface/agent.ts). */
  readonly agent?: true;
  /** Set when the agent accepts limits; agents of older versions do not. */
  readonly agentLimits?: true;
  /** Set when the program can notify the service manager, by a socket in the folder of sd_notify.ts. */
  readonly sdNotify?: true;
  /** Set when the container's connections are limited (runtime/cgroup/egress). */
  readonly egress?: true;
  /** The executor's name. */
  readonly handler: string;
}

/** The spec's state, as hooks read it on stdin. */
export interface OciState {
  readonly ociVersion: string;
  readonly id: string;
  readonly status: Status;
  /** Absent when there is no process. */
  readonly pid?: number;
  readonly bundle: string;
  /** Absent when there are none. */
  readonly annotations?: Readonly<Record<string, string>>;
}

/**
 * The container's directory exists, but its state.json is missing or unusable. It is listed as `creating` while its lock is
 * held, otherwise as `stopped`; `delete --force` removes its remains.
 */
export class DamagedStateError extends Error {
  override name = "DamagedStateError";
  constructor(readonly id: string, file: string, problem: string, options?: ErrorOptions) {
    super(
      `the state of container ${id} is damaged: ${file} ${problem}; remove it with delete --force`,
      options,
    );
  }
}

/** There is no state.json yet, and the container's directory is locked, by its creator. */
export class BeingCreatedError extends DamagedStateError {
  override name = "BeingCreatedError";
  constructor(id: string, file: string, options?: ErrorOptions) {
    super(id, file, "is missing", options);
    this.message = `container ${id} is being created; try again when that is done`;
  }
}

export function ociState(stored: StoredState, status: Status): OciState {
  const { ociVersion, id, bundle, annotations } = stored;
  const pid = status === "stopped" ? 0 : stored.pid;
  return {
    ociVersion,
    id,
    status,
    ...(pid > 0 ? { pid } : {}),
    bundle,
    ...(Object.keys(annotations).length > 0 ? { annotations } : {}),
  };
}

/** The user-visible properties of a container, with the names and in the order of runc's JSON. */
export interface StateRow {
  readonly ociVersion: string;
  readonly id: string;
  /** 0 when it is stopped. */
  readonly pid: number;
  readonly status: string;
  readonly bundle: string;
  readonly rootfs: string;
  readonly created: string;
  /** undefined when there are none. */
  readonly annotations?: Readonly<Record<string, string>> | undefined;
  readonly owner: string;
}

/** @param owner the name of the uid in `stored.owner`. */
export function stateRow(stored: StoredState, status: Status, owner: string): StateRow {
  const { ociVersion, id, bundle, rootfs, created } = stored;
  const { pid = 0, annotations } = ociState(stored, status);
  return { ociVersion, id, pid, status, bundle, rootfs, created, annotations, owner };
}

/**
 * The output of `state`: the row with runc's indentation, sorted annotations, and no final newline.
 * @param owner the name of the uid in `stored.owner`.
 */
export function stateOutput(stored: StoredState, status: Status, owner: string): string {
  const row = stateRow(stored, status, owner);
  const annotations = row.annotations &&
    Object.fromEntries(Object.entries(row.annotations).sort(([a], [b]) => a < b ? -1 : 1));
  return JSON.stringify({ ...row, annotations }, undefined, 2);
}

/**
 * Parses the text of state.json. Unknown properties are kept.
 * @throws {DamagedStateError} with the reason, when it is truncated, altered, or of another format.
 */
export function parseStoredState(text: string, id: string, file: string): StoredState {
  const damaged = (problem: string, cause?: unknown) =>
    new DamagedStateError(id, file, problem, { cause });
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw damaged(text.trim() === "" ? "is empty" : "is not JSON", cause);
  }
  if (!isObject(value)) throw damaged("is not a JSON object");
  if (value.formatVersion !== 1) {
    throw damaged(
      `has the format ${JSON.stringify(value.formatVersion)}, but this kago reads format 1`,
    );
  }
  for (const [name, check] of Object.entries(CHECKS)) {
    if (!check(value[name])) throw damaged(`has no valid "${name}"`);
  }
  if (value.id !== id) throw damaged(`is of container ${value.id}`);
  return value as unknown as StoredState;
}

const isString = (value: unknown) => typeof value === "string";
const isCount = (value: unknown) => Number.isSafeInteger(value) && (value as number) >= 0;
const isOneOf = (...values: unknown[]) => (value: unknown) => values.includes(value);

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isCgroup(value: unknown): boolean {
  return value === null || isObject(value) && isDriver(value) &&
      Array.isArray(value.directories) && value.directories.every(isCgroupDirectory);
}

/** Checks the names of unit and slice as systemd_path.ts makes them: `delete` stops the unit. */
function isDriver({ driver, bus, unit, slice }: Record<string, unknown>): boolean {
  if (driver === "cgroupfs") return true;
  return driver === "systemd" && isOneOf("system", "user")(bus) && isString(slice) &&
    typeof unit === "string" && /^[\w:.@\\-]+\.scope$/.test(unit);
}

/** With a path outside its mount point, `delete` would kill and remove elsewhere. */
function isCgroupDirectory(value: unknown): boolean {
  if (!isObject(value)) return false;
  const { version, controllers, mountPoint, path } = value;
  if (typeof path !== "string" || typeof mountPoint !== "string") return false;
  return (version === 1 || version === 2) && Array.isArray(controllers) &&
    controllers.every(isString) && path.startsWith(`${mountPoint}/`) &&
    !LEADS_AWAY.test(path.slice(mountPoint.length));
}

/**
 * A part of a path that is empty, `.` or `..`. `list` checks ten paths per container: a regular expression takes a fifth of
 * the time of splitting them.
 */
const LEADS_AWAY = /\/\.{0,2}(?:\/|$)/;

const CHECKS: Readonly<
  Record<
    Exclude<
      keyof StoredState,
      | "formatVersion"
      | "kagoVersion"
      | "hooks"
      | "sharesPids"
      | "processless"
      | "noNewKeyring"
      | "agent"
      | "agentLimits"
      | "sdNotify"
      | "egress"
    >,
    (value: unknown) => boolean
  >
> = {
  id: isString,
  ociVersion: isString,
  bundle: isString,
  rootfs: isString,
  annotations: (value) => isObject(value) && Object.values(value).every(isString),
  status: isOneOf("creating", "created", "running", "stopped"),
  pid: isCount,
  pidStartTime: (value) => typeof value === "string" && /^\d*$/.test(value),
  created: isString,
  owner: isCount,
  cgroup: isCgroup,
  leastMemory: (value) => value === undefined || isCount(value),
  memoryOutside: (value) => value === undefined || isCount(value),
  resctrl: (value) => value === undefined || isResctrlRecord(value),
  handler: isString,
  mountBelow: (value) => value === undefined || isCount(value),
};
