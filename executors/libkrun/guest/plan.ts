/**
 * What the guest agent carries out inside a microVM, in the vocabulary of the host's stages: the mounts that must live
 * in the guest, and the process as the spec says it. The host's part of the same container is compile.ts's, and its VMM's is vmm_plan.ts's. The guest's
 * kernel is another: what the spec says of the host's (namespaces, cgroups, seccomp, scheduling) is not for it.
 */
import { RLIMITS } from "../../../runtime/spec/rlimits.ts";
import type { Device, Process, Spec } from "../../../runtime/spec/spec.ts";
import type { CompileInput, HostFacts, ProcessInput } from "../../../runtime/plan/compile_input.ts";
import { deviceOps } from "../../../runtime/plan/devices.ts";
import { environmentOf } from "../../../runtime/plan/environment.ts";
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
  protectionOps,
  rootAttributeOps,
  sysctlOps,
} from "../../../runtime/plan/root.ts";

/** Where the agent mounts the container's file system (helper-c/agent/main.c). */
const GUEST_ROOT = "/root";

/** @param sockets which `mounts` are Unix sockets of the host's, by their indexes. */
export function guestOps(
  host: CompileInput,
  process: Process,
  sockets: readonly number[] = [],
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
    ...deviceOps({ ...input, spec: withGuestDevices(spec) }),
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
 * From the limits to the program, for the container's process and for every other that is executed in the guest. What
 * annotations say of processes, they say of the host's.
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

/** What a plain container's process inherits of its caller, and nobody in the guest could. */
function inheritedLimitOps({ limits = [] }: HostFacts, { rlimits }: Process): readonly Op[] {
  const given = new Set(rlimits?.map(({ type }) => RLIMITS[type]));
  const from = "the caller's limits";
  return limits.filter(({ resource }) => !given.has(resource))
    .map((limit) => ({ op: "rlimit", ...limit, from }));
}

/** The agent is root in the guest whoever runs the VMM. */
const GUEST: HostFacts = { uid: 0, gid: 0, env: [] };

/** Labels are the host's policy's; they confine the VMM. */
function withoutLabels(spec: Spec): Spec {
  const { mountLabel: _, ...linux } = spec.linux ?? {};
  return { ...spec, linux };
}

/** MEM, TTY and MISC of the kernel's admin-guide/devices.txt: numbers that mean the same in every kernel. */
const UNIVERSAL_MAJORS: ReadonlySet<number | undefined> = new Set([1, 5, 10]);

/** A device of the host's hardware is not there in the guest, and its numbers may mean another. */
function withGuestDevices(spec: Spec): Spec {
  const devices = spec.linux?.devices?.filter(isGuestDevice) ?? [];
  return { ...spec, linux: { ...spec.linux, devices } };
}

/** /dev/kvm is the VMM's. */
function isGuestDevice({ type, major, path }: Device): boolean {
  if (type === "p") return true;
  return type !== "b" && UNIVERSAL_MAJORS.has(major) && path !== "/dev/kvm";
}

function consoleOp(process: Process): Op {
  return { op: "guestConsole", uid: process.user?.uid ?? 0, from: "process.terminal" };
}
