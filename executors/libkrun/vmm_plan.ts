/**
 * The part of a plan for the VMM that Init becomes: its mounts, its operations before it boots the guest, and the rest for
 * the agent in the guest (guest/plan.ts). vm_ops.ts has its calls of libkrun.
 */
import type { CompileInput, HostFacts, Runner } from "../../runtime/plan/compile_input.ts";
import { encodeGuestPlan } from "../../runtime/plan/encode.ts";
import { startHookOps } from "../../runtime/plan/hooks.ts";
import { type Op, type Plan, SYNC_POINTS } from "../../runtime/plan/op.ts";
import { identityOps, startOps } from "../../runtime/plan/process.ts";
import { RLIMITS } from "../../runtime/spec/rlimits.ts";
import type { Process, Spec } from "../../runtime/spec/spec.ts";
import { guestOps } from "./guest/plan.ts";
import { vmmMountOps } from "./guest/kernel_mounts.ts";
import { WATCH_FROM } from "./watch.ts";

/** A VMM as part of a plan. */
export interface Vmm {
  /** The Intermediate's operations on the host's files. */
  readonly early: readonly Op[];
  /** The VMM's first operations, while the host's files are reachable. */
  readonly opening: readonly Op[];
  /** Its last operations, after `start`. */
  readonly closing: readonly Op[];
  /** The folder with the agent's socket; absent without an agent. */
  readonly agentFolder?: string;
  /** The indexes of the `mounts` that are Unix sockets: for a guest with an agent. */
  readonly sockets?: readonly number[];
  /** How many disks the guest has. */
  readonly disks?: number;
  /** Destinations of mounts whose changes on the host are reported: for a guest with an agent. */
  readonly watched?: readonly string[];
  /** The limits of the guest's processes inside. */
  readonly guestLimits: readonly Op[];
  /** The maximum that it keeps of the container's capabilities: a mask. */
  readonly capabilities: bigint;
  /** Does the guest's kernel print only emergencies on its console, because no more is requested? */
  readonly quiet: boolean;
  /** Keeps the caller's groups, which it needs to open the host's devices. */
  readonly keepsGroups: boolean;
}

export function vmmRunner(vmm: Vmm): Runner {
  const { early, agentFolder } = vmm;
  // Only its creator can enter this folder, so the operation runs as that user.
  const door: readonly Op[] = agentFolder === undefined
    ? []
    : [{ op: "agentDoor", path: agentFolder }];
  return {
    early: [...early, ...door, DESCRIPTORS],
    isUnlimited: agentFolder !== undefined,
    mounts: vmmMountOps,
    execute,
    stages: (input, process, enter) => vmmStages(vmm, input, process, enter),
  };
}

/** Every file that the guest knows is a descriptor of its VMM, so its limit is the kernel's default maximum. */
const DESCRIPTORS: Op = { op: "raiseLimit", resource: RLIMITS.RLIMIT_NOFILE!, most: 1n << 20n };

function execute({ libraryPath }: HostFacts): Op {
  return { op: "execVmm", env: libraryPath ? [`LD_LIBRARY_PATH=${libraryPath}`] : [] };
}

function vmmStages(
  vmm: Vmm,
  input: CompileInput,
  process: Process,
  enter: readonly Op[],
): Pick<Plan, "vmm" | "guest"> {
  const { opening, closing, agentFolder, sockets = [], disks = 0, watched = [] } = vmm;
  // Init's copy of the states is lost when it executes the VMM.
  const states: readonly Op[] = startHookOps(input).length > 0
    ? [{ op: "sync", point: SYNC_POINTS.hookStates, from: "hooks.startContainer" }]
    : [];
  const identity = [
    ...identityOps(input, process),
    ...profileOps(process),
    ...labelOps(process),
  ]
    .filter(({ op }) => !OF_PROCESS.has(op) && !(vmm.keepsGroups && op === "setgroups"))
    .map((op) => onAllThreads(withinCapabilities(op, vmm.capabilities)));
  const start = startOps(input, process).map(onAllThreads);
  if (agentFolder === undefined) {
    return { vmm: [...states, ...opening, ...enter, ...identity, ...start, ...closing] };
  }
  const guest = [
    ...(vmm.quiet ? [QUIET] : []),
    ...vmm.guestLimits,
    ...guestOps(input, process, sockets, disks),
  ];
  const { uid = 0, gid = 0 } = process.user ?? {};
  const context = input.spec.linux?.mountLabel ?? "";
  const files: Op = { op: "agentFiles", plan: encodeGuestPlan(guest), uid, gid, context };
  const terminal: readonly Op[] = process.terminal
    ? [{ op: "vmmTerminal", from: "process.terminal" }]
    : [];
  return {
    vmm: [
      ...[...terminal, ...states, ...opening, files, ...enter, ...identity],
      ...socketOps(input.spec, sockets),
      ...watchOps(watched),
      ...start,
      ...closing,
    ],
    guest,
  };
}

/** Messages of the guest's kernel go to the container's standard error; 1 leaves emergencies (proc_sys_kernel(5)). */
const QUIET: Op = { op: "writeFile", path: "/proc/sys/kernel/printk", data: "1" };

/** As the VMM's user, which connects to them: an unreachable socket is reported before anything runs. */
function socketOps({ mounts = [] }: Spec, sockets: readonly number[]): readonly Op[] {
  if (sockets.length === 0) return [];
  const paths = sockets.map((index) => mounts[index]!.destination);
  return [{ op: "hostSockets", paths, from: "mounts" }];
}

/** As the VMM's user, which may lack access to directories. */
function watchOps(paths: readonly string[]): readonly Op[] {
  return paths.length > 0 ? [{ op: "watchMounts", paths, from: WATCH_FROM }] : [];
}

/** The limits apply to the process: a VMM holds a descriptor for every file that its guest knows. */
const OF_PROCESS: ReadonlySet<string> = new Set(["rlimit", "softLimit"]);

/** A VMM does not need the other capabilities: the guest's process gets them in the guest. */
function withinCapabilities(op: Op, most: bigint): Op {
  if (op.op === "capBounding") return { ...op, mask: op.mask & most };
  if (op.op === "capAmbient") return { ...op, mask: 0n };
  if (op.op !== "capset") return op;
  const { effective, permitted } = op;
  return { ...op, effective: effective & most, permitted: permitted & most, inheritable: 0n };
}

/** SECCOMP_FILTER_FLAG_TSYNC (seccomp(2)). */
const TSYNC = 1;

/** A VMM has threads; a filter applies to one thread unless it is synchronised. */
function onAllThreads(op: Op): Op {
  return op.op === "seccomp" ? { ...op, flags: op.flags | TSYNC } : op;
}

/** A VMM executes no program, and AppArmor has a profile per thread. */
function profileOps({ apparmorProfile }: Process): readonly Op[] {
  if (!apparmorProfile) return [];
  const label = `changeprofile ${apparmorProfile}`;
  return [{ op: "threadLabel", file: "apparmor/current", label, from: "process.apparmorProfile" }];
}

/**
 * SELinux lets a process change its own label only while it has one thread. libkrun's threads start when the VM is entered,
 * kago's just before that (helper-c/vmm/krun.c), so the VMM does everything in the container under the label.
 */
function labelOps({ selinuxLabel }: Process): readonly Op[] {
  if (!selinuxLabel) return [];
  const from = "process.selinuxLabel";
  return [{ op: "threadLabel", file: "current", label: selinuxLabel, from }];
}
