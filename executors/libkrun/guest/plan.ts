/**
 * The plan that the guest agent executes inside a microVM, with the operations of the host's stages: mounts of the guest,
 * and the process of the spec. compile.ts compiles the host's part of the container, vmm_plan.ts its VMM's. The guest has
 * another kernel: settings for the host's (namespaces, cgroups, seccomp, scheduling) do not apply.
 */
import { joinPath } from "../../../runtime/common/path.ts";
import { RLIMITS } from "../../../runtime/spec/rlimits.ts";
import type { Device, Mount, Process, Spec } from "../../../runtime/spec/spec.ts";
import type { CompileInput, HostFacts, ProcessInput } from "../../../runtime/plan/compile_input.ts";
import { deviceOps } from "../../../runtime/plan/devices.ts";
import { environmentOf } from "../../../runtime/plan/environment.ts";
import { diskOps } from "./disks.ts";
import { guestMountOps } from "./mounts.ts";
import { oomScoreOps } from "../../../runtime/plan/namespaces.ts";
import type { Op } from "../../../runtime/plan/op.ts";
import {
  capabilityOps,
  DEFAULT_UMASK,
  homeOps,
  pathOf,
  rlimitOps,
  userOps,
} from "../../../runtime/plan/process.ts";
import {
  hostnameOps,
  isRootReadonly,
  protectionOps,
  rootAttributeOps,
  sysctlOps,
} from "../../../runtime/plan/root.ts";

/** Where the agent mounts the container's files (helper-c/agent/main.c). */
const GUEST_ROOT = "/root";

/**
 * @param sockets the indexes of the `mounts` that are Unix sockets of the host.
 * @param disks how many `krun.disk` adds.
 */
export function guestOps(
  host: CompileInput,
  process: Process,
  sockets: readonly number[] = [],
  disks = 0,
): readonly Op[] {
  const spec = withoutLabels(host.spec);
  const input = { ...host, spec };
  const mounts = guestMountOps(input, sockets);
  return [
    { op: "setsid" },
    ...oomScoreOps(process),
    { op: "openRoot", path: GUEST_ROOT, privateParent: 0, privateTree: 0, from: "root.path" },
    ...mounts.early,
    ...mounts.ops,
    ...(hasHostsDevices(spec) ? [] : deviceOps({ ...input, spec: withGuestDevices(spec) })),
    ...diskOps(spec, disks),
    ...(process.terminal ? [consoleOp(process)] : []),
    ...sysctlOps(input),
    ...protectionOps(input),
    ...mounts.finish,
    { op: "pivotRoot", from: "root.path" },
    { op: "prepareCwd", path: process.cwd, make: 1, from: "process.cwd" },
    ...rootAttributeOps(input),
    ...hostnameOps(input),
    { op: "closeFds", preserve: 0 },
    ...homeOps(process),
    ...guestProcessOps(input, process),
  ];
}

/**
 * From the limits to the program, for the container's process and all others that are executed in the guest. Annotations
 * about processes apply to those of the host only.
 */
export function guestProcessOps(
  input: ProcessInput,
  process: Process,
): readonly Op[] {
  const guest = { ...input, host: GUEST, spec: { ...input.spec, annotations: {} } };
  const args = process.args ?? [];
  const env = environmentOf(process);
  return [
    ...rlimitOps(guest, process),
    ...inheritedLimitOps(input.host, process),
    { op: "umask", mask: process.user?.umask ?? DEFAULT_UMASK, from: "process.user.umask" },
    ...userOps(guest, process),
    ...capabilityOps(process),
    ...(process.noNewPrivileges
      ? [{ op: "noNewPrivileges", from: "process.noNewPrivileges" } as const]
      : []),
    { op: "findProgram", file: args[0] ?? "", search: pathOf(env), from: "process.args[0]" },
    { op: "exec", args, env, from: "process.args" },
  ];
}

/** The limits that a plain container's process would inherit from the caller. */
function inheritedLimitOps({ limits = [] }: HostFacts, { rlimits }: Process): readonly Op[] {
  const given = new Set(rlimits?.map(({ type }) => RLIMITS[type]));
  const from = "the caller's limits";
  return limits.filter(({ resource }) => !given.has(resource))
    .map((limit) => ({ op: "rlimit", ...limit, from }));
}

/** The agent is root in the guest, whatever user runs the VMM. */
const GUEST: HostFacts = { uid: 0, gid: 0, env: [] };

/** Labels belong to the host's policy; they confine the VMM. */
function withoutLabels(spec: Spec): Spec {
  const { mountLabel: _, ...linux } = spec.linux ?? {};
  return { ...spec, linux };
}

/** MEM, TTY and MISC of the kernel's admin-guide/devices.txt: numbers with the same meaning in every kernel. */
const UNIVERSAL_MAJORS: ReadonlySet<number | undefined> = new Set([1, 5, 10]);

/** In a read-only root without a mount on /dev there are the nodes and links that the host has made, and no others. */
function hasHostsDevices(spec: Spec): boolean {
  const isDev = ({ destination }: Mount) => joinPath("/", destination) === "/dev";
  return isRootReadonly(spec) && !spec.mounts?.some(isDev);
}

/** A hardware device of the host does not exist in the guest, where its numbers may be another device's. */
function withGuestDevices(spec: Spec): Spec {
  const devices = spec.linux?.devices?.filter(isGuestDevice) ?? [];
  return { ...spec, linux: { ...spec.linux, devices } };
}

/** /dev/kvm is only for the VMM. */
function isGuestDevice({ type, major, path }: Device): boolean {
  if (type === "p") return true;
  return type !== "b" && UNIVERSAL_MAJORS.has(major) && path !== "/dev/kvm";
}

function consoleOp(process: Process): Op {
  return { op: "guestConsole", uid: process.user?.uid ?? 0, from: "process.terminal" };
}
