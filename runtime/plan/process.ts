/**
 * The process part of Init: limits, identity, capabilities, and the program. The order is essential for security: each step
 * drops what later ones do not need (capabilities(7), "Capabilities and execution").
 */
import { CAPABILITIES } from "../spec/capabilities.ts";
import { RLIMITS } from "../spec/rlimits.ts";
import type { Process } from "../spec/spec.ts";
import { isNewNamespace, namespaceOf, type ProcessInput } from "./compile_input.ts";
import { environmentOf, hasHome } from "./environment.ts";
import { startHookOps } from "./hooks.ts";
import { hostId } from "./id_map.ts";
import type { Op } from "./op.ts";
import { scheduleOps } from "./schedule.ts";
import { execLabelOps, keyringLabelOps } from "./selinux.ts";

export const DEFAULT_UMASK = 0o022;
/** The search path of a process without PATH. */
const DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** A new session, and with `terminal` its controlling terminal. */
export function sessionOps({ id, spec, noNewKeyring }: ProcessInput): readonly Op[] {
  if (noNewKeyring) return [{ op: "setsid" }];
  return [
    { op: "setsid" },
    ...(spec.process ? keyringLabelOps(spec.process) : []),
    { op: "sessionKeyring", name: `_ses.${id}` },
  ];
}

/** @param bind whether the terminal is bound to the container's /dev/console. */
export function terminalOps(process: Process, bind: boolean): readonly Op[] {
  if (!process.terminal) return [];
  const { height: rows = 0, width: columns = 0 } = process.consoleSize ?? {};
  const uid = process.user?.uid ?? 0;
  return [{ op: "console", rows, columns, uid, bind: bind ? 1 : 0, from: "process.terminal" }];
}

export interface StreamOps {
  /** For the Intermediate, as root of the host. */
  readonly early: readonly Op[];
  /** For Init. */
  readonly late: readonly Op[];
}

/**
 * The standard streams are chowned to the user, who can then open /dev/stdout. Their owner may have no mapping in a user
 * namespace, so root chowns them before it enters one, to the host's id.
 */
export function streamOps({ spec, host }: ProcessInput, process: Process): StreamOps {
  if (process.terminal || !process.args) return { early: [], late: [] };
  const uid = process.user?.uid ?? 0;
  const ownStreams = (uid: number): Op => ({ op: "ownStreams", uid, from: "process.user.uid" });
  const hostUid = host.uid === 0 && namespaceOf(spec, "user")
    ? hostId(spec.linux?.uidMappings ?? [], uid)
    : undefined;
  return hostUid === undefined
    ? { early: [], late: [ownStreams(uid)] }
    : { early: [ownStreams(hostUid)], late: [] };
}

/** Everything from the limits to the dropped capabilities; the same for a process and a runner. */
export function identityOps(input: ProcessInput, process: Process): readonly Op[] {
  return [
    ...rlimitOps(input, process),
    ...scheduleOps(input.spec, process),
    { op: "umask", mask: process.user?.umask ?? DEFAULT_UMASK, from: "process.user.umask" },
    // Without no_new_privs, installing a filter requires CAP_SYS_ADMIN, so it is done before that is dropped (seccomp(2)).
    ...(process.noNewPrivileges ? [] : seccompOps(input)),
    ...userOps(input, process),
    ...capabilityOps(process),
    ...(process.noNewPrivileges
      ? [{ op: "noNewPrivileges", from: "process.noNewPrivileges" } as const]
      : []),
  ];
}

export function userOps(
  input: ProcessInput,
  process: Process,
): readonly Op[] {
  const user = process.user ?? {};
  const bounding = capabilityMask(process.capabilities?.bounding);
  return [
    { op: "capBounding", mask: bounding, from: "process.capabilities.bounding" },
    { op: "keepCaps" },
    ...groupOps(input, user.additionalGids ?? []),
    { op: "setgid", gid: user.gid ?? 0, from: "process.user.gid" },
    { op: "setuid", uid: user.uid ?? 0, from: "process.user.uid" },
    { op: "chdir", path: process.cwd, from: "process.cwd" },
  ];
}

export function capabilityOps(process: Process): readonly Op[] {
  const capabilities = process.capabilities ?? {};
  const permitted = capabilityMask(capabilities.permitted);
  const inheritable = capabilityMask(capabilities.inheritable);
  return [
    {
      op: "capset",
      effective: capabilityMask(capabilities.effective),
      permitted,
      inheritable,
      from: "process.capabilities",
    },
    {
      op: "capAmbient",
      // capabilities(7): the kernel refuses ambient capabilities that are not permitted and inheritable; `runc spec`
      // requests such, and runc ignores the error.
      mask: capabilityMask(capabilities.ambient) & permitted & inheritable,
      from: "process.capabilities.ambient",
    },
  ];
}

/** The user's program: looked up before `create` returns, executed on `start`. */
export function programOps(input: ProcessInput, process: Process): readonly Op[] {
  const args = process.args;
  if (!args) return startOps(input, process);
  const env = environmentOf(process);
  return [
    ...profileOps(process),
    ...execLabelOps(process),
    { op: "findProgram", file: args[0] ?? "", search: pathOf(env), from: "process.args[0]" },
    ...startOps(input, process),
    { op: "exec", args, env, from: "process.args" },
  ];
}

/** The AppArmor profile of the next exec is written to a file (kernel, admin-guide/LSM/apparmor.rst). */
function profileOps({ apparmorProfile }: Process): readonly Op[] {
  if (!apparmorProfile) return [];
  const label = `exec ${apparmorProfile}`;
  return [{ op: "execLabel", file: "apparmor/exec", label, from: "process.apparmorProfile" }];
}

/** As login(1) and other runtimes: HOME comes from the image, unless the config has one. */
export function homeOps(process: Process): readonly Op[] {
  if (hasHome(environmentOf(process))) return [];
  return [{ op: "findHome", uid: process.user?.uid ?? 0 }];
}

/**
 * The wait for `start`, and with no_new_privs the filter. The filter comes after the wait, so that the profile need not
 * allow the wait's system calls; but before it if there is a seccomp agent, since only Main can pass the listener on.
 */
export function startOps(input: ProcessInput, process: Process): readonly Op[] {
  const filter = process.noNewPrivileges ? seccompOps(input) : [];
  const hooks = startHookOps(input);
  return input.seccomp?.listener
    ? [...filter, { op: "awaitStart" }, ...hooks]
    : [{ op: "awaitStart" }, ...hookFilterOps(input, filter, hooks), ...hooks, ...filter];
}

/** Hooks in the container run under its filter, as with runc; the operations between them and the exec do not need it. */
function hookFilterOps(
  { seccomp }: ProcessInput,
  filter: readonly Op[],
  hooks: readonly Op[],
): readonly Op[] {
  if (!seccomp || filter.length === 0 || hooks.length === 0) return [];
  const { filter: code, flags } = seccomp;
  return [{ op: "hookFilter", filter: code, flags, from: "linux.seccomp" }];
}

function seccompOps({ seccomp }: ProcessInput): readonly Op[] {
  if (!seccomp) return [];
  const { filter, flags } = seccomp;
  return [{ op: "seccomp", filter, flags, from: "linux.seccomp" }];
}

/** Capability names as a bit mask; unknown names are left out (process_checks.ts warns of them). */
export function capabilityMask(names: readonly string[] | undefined): bigint {
  return (names ?? []).reduce((mask, name) => {
    const bit = CAPABILITIES[name];
    return bit === undefined ? mask : mask | (1n << BigInt(bit));
  }, 0n);
}

export function rlimitOps({ host }: ProcessInput, process: Process): readonly Op[] {
  const limits = process.rlimits ?? [];
  const ops = limits.map(({ type, soft, hard }, index): Op => ({
    op: "rlimit",
    resource: RLIMITS[type]!,
    soft: BigInt(soft),
    hard: BigInt(hard),
    from: `process.rlimits[${index}]`,
  }));
  const given = new Set(limits.map(({ type }) => RLIMITS[type]));
  const inherited = (host.softLimits ?? []).filter(({ resource }) => !given.has(resource));
  return [...ops, ...inherited.map((limit): Op => ({ op: "softLimit", ...limit }))];
}

/** As crun: the process keeps the groups of kago's caller; podman's `--group-add keep-groups` sets it. */
const KEEP_GROUPS = "run.oci.keep_original_groups";

function groupOps(
  input: ProcessInput,
  gids: readonly number[],
): readonly Op[] {
  if (keepsGroups(input) || gids.length === 0 && isSetgroupsDenied(input)) return [];
  return [{ op: "setgroups", gids, from: "process.user.additionalGids" }];
}

function keepsGroups({ spec }: ProcessInput): boolean {
  const asked = spec.annotations?.[KEEP_GROUPS];
  return asked !== undefined && asked !== "0";
}

/** In an ordinary user's own user namespace with one mapping, setgroups(2) is denied (user_namespaces(7)). */
function isSetgroupsDenied({ host, spec }: ProcessInput): boolean {
  const maps = spec.linux?.gidMappings;
  return host.uid !== 0 && isNewNamespace(spec, "user") && maps?.length === 1 &&
    maps[0]!.size === 1;
}

export function pathOf(env: readonly string[]): string {
  return env.find((entry) => entry.startsWith("PATH="))?.slice("PATH=".length) ?? DEFAULT_PATH;
}
