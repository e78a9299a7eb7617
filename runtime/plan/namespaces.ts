/** The Intermediate stage: the cgroup, the namespaces, and the clone of Init. */
import { SpecError } from "../common/errors.ts";
import { NAMESPACES } from "../spec/namespaces.ts";
import { RLIMITS } from "../spec/rlimits.ts";
import type { Namespace, Process, Spec, TimeOffset } from "../spec/spec.ts";
import { type CompileInput, isNewNamespace, namespaceOf } from "./compile_input.ts";
import { type Op, SYNC_POINTS } from "./op.ts";

interface Indexed extends Namespace {
  readonly from: string;
}

/**
 * The operations of the Intermediate, in the one order that works for privileged and rootless callers.
 * @param early what the mounts and the runner need done on the host.
 */
export function intermediateOps(
  input: CompileInput,
  early: readonly Op[] = [],
): readonly Op[] {
  const all: Indexed[] = (input.spec.linux?.namespaces ?? [])
    .map((namespace, index) => ({ ...namespace, from: `linux.namespaces[${index}]` }));
  const user = all.find((namespace) => namespace.type === "user");
  const joined = all.filter(({ type, path }) => path && type !== "user")
    // The mount namespace last: the other paths are the host's.
    .sort((a, b) => Number(a.type === "mount") - Number(b.type === "mount"))
    .map(joinOp);
  const entered = user ? userOps(user, input.host.uid !== 0) : [];
  // What is in a joined mount namespace may be hostile, its /proc too (CVE-2025-52881), so nothing is done in it that can
  // be done before; only rights over it that a user namespace takes away come first.
  const late = user ? [] : joined.filter(isMountJoin);
  const first = joined.filter((op) => !late.includes(op));
  const isRoot = input.host.uid === 0;
  return [
    ...(input.cgroup?.joinOps ?? []),
    ...(input.resctrlJoinOps ?? []),
    ...oomScoreOps(input.spec.process, !isRoot),
    ...early,
    ...(user && isRoot && !input.runner?.isUnlimited ? hardLimitOps(input.spec.process) : []),
    // With root's rights over the host's namespaces they are joined before those rights are given up; an ordinary user
    // has rights only over what belongs to the user namespace, so that comes first.
    ...(isRoot ? [...first, ...entered] : [...entered, ...first]),
    ...newNamespaceOps(all),
    ...timeOffsetOps(input),
    ...netDeviceOps(input),
    ...late,
    { op: "cloneInit" },
  ];
}

function isMountJoin(op: Op): boolean {
  return op.op === "setns" && op.nstype === NAMESPACES.mount.flag;
}

function joinOp({ type, path, from }: Indexed): Op {
  return { op: "setns", path: path!, nstype: NAMESPACES[type].flag, from: `${from}.path` };
}

/** The files of a hidden process in /proc are root's, so an ordinary user's shows itself while it or Main writes to them. */
function shown(ops: readonly Op[]): readonly Op[] {
  return [{ op: "dumpable", on: 1 }, ...ops, { op: "dumpable", on: 0 }];
}

function userOps(user: Indexed, isOrdinaryUser: boolean): readonly Op[] {
  if (user.path) return [joinOp(user), { op: "becomeRoot", from: `${user.from}.path` }];
  const maps: Op = { op: "sync", point: SYNC_POINTS.idMappings, from: "linux.uidMappings" };
  return [
    { op: "unshare", flags: NAMESPACES.user.flag, from: user.from },
    ...(isOrdinaryUser ? shown([maps]) : [maps]),
    { op: "becomeRoot", from: "linux.uidMappings" },
  ];
}

function newNamespaceOps(all: readonly Indexed[]): readonly Op[] {
  const fresh = all.filter(({ type, path }) => !path && type !== "user");
  if (fresh.length === 0) return [];
  const flags = fresh.reduce((sum, { type }) => sum | NAMESPACES[type].flag, 0);
  return [{ op: "unshare", flags, from: "linux.namespaces" }];
}

/** Main moves the host's interfaces, over which a process in a new user namespace has no rights. */
function netDeviceOps({ spec, host }: CompileInput): readonly Op[] {
  if (Object.keys(spec.linux?.netDevices ?? {}).length === 0) return [];
  const from = "linux.netDevices";
  if (host.uid !== 0) throw new SpecError(from, "only root can move the host's interfaces");
  return [{ op: "sync", point: SYNC_POINTS.netDevices, from }];
}

/** Before the user namespace: lowering the score takes the host's CAP_SYS_RESOURCE. */
export function oomScoreOps(
  process: Process | undefined,
  isOrdinaryUser = false,
): readonly Op[] {
  const score = process?.oomScoreAdj;
  if (score === undefined) return [];
  const path = "/proc/self/oom_score_adj";
  const op: Op = { op: "writeFile", path, data: `${score}`, from: "process.oomScoreAdj" };
  return isOrdinaryUser ? shown([op]) : [op];
}

/**
 * Before the user namespace: raising a hard limit takes the host's CAP_SYS_RESOURCE (getrlimit(2)). The limits themselves are
 * set when all else is done.
 */
export function hardLimitOps(process: Process | undefined): readonly Op[] {
  return (process?.rlimits ?? []).map(({ type, hard }, index): Op => ({
    op: "hardLimit",
    resource: RLIMITS[type]!,
    hard: BigInt(hard),
    from: `process.rlimits[${index}]`,
  }));
}

/** The offsets as /proc/PID/timens_offsets takes them (time_namespaces(7)). */
export function timeOffsetsText({ linux }: Spec): string {
  return (["monotonic", "boottime"] as const).map((clock) => {
    const offset: TimeOffset | undefined = linux?.timeOffsets?.[clock];
    return offset ? `${clock} ${offset.secs ?? 0} ${offset.nanosecs ?? 0}\n` : "";
  }).join("");
}

/**
 * time_namespaces(7): the offsets are set before the first process enters. Root of a user namespace may not write them, since
 * the files of a hidden process in /proc are the host's root's; so Main does.
 */
function timeOffsetOps({ spec, host }: CompileInput): readonly Op[] {
  const data = timeOffsetsText(spec);
  if (data === "" || !isNewNamespace(spec, "time")) return [];
  const from = "linux.timeOffsets";
  const hasUser = namespaceOf(spec, "user") !== undefined;
  if (host.uid === 0 && hasUser) return [{ op: "sync", point: SYNC_POINTS.timeOffsets, from }];
  const op: Op = { op: "writeFile", path: "/proc/self/timens_offsets", data, from };
  // Not where processes of a joined user namespace could look.
  return isNewNamespace(spec, "user") ? shown([op]) : [op];
}
