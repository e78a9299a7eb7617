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
 * The operations of the Intermediate, in the only order that works for both privileged and rootless callers.
 * @param early operations on the host for the mounts and the runner.
 */
export function intermediateOps(
  input: CompileInput,
  early: readonly Op[] = [],
): readonly Op[] {
  const all: Indexed[] = (input.spec.linux?.namespaces ?? [])
    .map((namespace, index) => ({ ...namespace, from: `linux.namespaces[${index}]` }));
  const user = all.find((namespace) => namespace.type === "user");
  const joined = all.filter(({ type, path }) => path && type !== "user")
    // The mount namespace is joined last: the other paths are the host's.
    .sort((a, b) => Number(a.type === "mount") - Number(b.type === "mount"))
    .map(joinOp);
  const entered = user ? userOps(user, input.host.uid !== 0) : [];
  // A joined mount namespace may be hostile, including its /proc (CVE-2025-52881), so as much as possible is done before it
  // is joined. It must precede a user namespace, which takes away the privileges to join it.
  const late = user ? [] : joined.filter(isMountJoin);
  const first = joined.filter((op) => !late.includes(op));
  const isRoot = input.host.uid === 0;
  return [
    ...(input.cgroup?.joinOps ?? []),
    ...(input.resctrlJoinOps ?? []),
    ...oomScoreOps(input.spec.process, !isRoot),
    ...early,
    ...(user && isRoot && !input.runner?.isUnlimited ? hardLimitOps(input.spec.process) : []),
    // Root joins the host's namespaces before it gives up its privileges over them. An ordinary user has privileges only
    // over what belongs to the user namespace, so that is entered first.
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

/** /proc files of a non-dumpable process are root's; an ordinary user's is dumpable while they are written. */
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

/** Main moves the host's interfaces: a process in a new user namespace has no privileges over them. */
function netDeviceOps({ spec, host }: CompileInput): readonly Op[] {
  if (Object.keys(spec.linux?.netDevices ?? {}).length === 0) return [];
  const from = "linux.netDevices";
  if (host.uid !== 0) throw new SpecError(from, "only root can move the host's interfaces");
  return [{ op: "sync", point: SYNC_POINTS.netDevices, from }];
}

/** Before the user namespace is entered: lowering the score requires the host's CAP_SYS_RESOURCE. */
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
 * Before the user namespace is entered: raising a hard limit requires the host's CAP_SYS_RESOURCE (getrlimit(2)). The
 * limits themselves are set at the end.
 */
export function hardLimitOps(process: Process | undefined): readonly Op[] {
  return (process?.rlimits ?? []).map(({ type, hard }, index): Op => ({
    op: "hardLimit",
    resource: RLIMITS[type]!,
    hard: BigInt(hard),
    from: `process.rlimits[${index}]`,
  }));
}

/** The offsets in the format of /proc/PID/timens_offsets (time_namespaces(7)). */
export function timeOffsetsText({ linux }: Spec): string {
  return (["monotonic", "boottime"] as const).map((clock) => {
    const offset: TimeOffset | undefined = linux?.timeOffsets?.[clock];
    return offset ? `${clock} ${offset.secs ?? 0} ${offset.nanosecs ?? 0}\n` : "";
  }).join("");
}

/**
 * time_namespaces(7): the offsets are set before the first process enters. Root of a user namespace may not write them,
 * since the /proc files of a non-dumpable process belong to the host's root; so Main writes them.
 */
function timeOffsetOps({ spec, host }: CompileInput): readonly Op[] {
  const data = timeOffsetsText(spec);
  if (data === "" || !isNewNamespace(spec, "time")) return [];
  const from = "linux.timeOffsets";
  const hasUser = namespaceOf(spec, "user") !== undefined;
  if (host.uid === 0 && hasUser) return [{ op: "sync", point: SYNC_POINTS.timeOffsets, from }];
  const op: Op = { op: "writeFile", path: "/proc/self/timens_offsets", data, from };
  // Not dumpable in a joined user namespace, whose processes could then inspect this one.
  return isNewNamespace(spec, "user") ? shown([op]) : [op];
}
