/**
 * The VMM as what Init becomes: what it sees of the container's mounts, what it does before it boots the guest, and what is
 * left for the agent in there (guest/plan.ts). Its calls of libkrun are vm_ops.ts's.
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

/** A VMM in the terms of plans. */
export interface Vmm {
  /** What the Intermediate does on the host's files. */
  readonly early: readonly Op[];
  /** What the VMM does first, while the host's files are in sight. */
  readonly opening: readonly Op[];
  /** What it does at last, once `start` has come. */
  readonly closing: readonly Op[];
  /** The folder of the socket by which the agent is reached; absent without an agent. */
  readonly agentFolder?: string;
  /** Which `mounts` are Unix sockets, by their indexes: of a guest with an agent. */
  readonly sockets?: readonly number[];
  /** Destinations of mounts whose changes on the host it tells: of a guest with an agent. */
  readonly watched?: readonly string[];
  /** By which the guest's processes are limited in there. */
  readonly guestLimits: readonly Op[];
  /** The most that it keeps of the container's capabilities: a mask. */
  readonly capabilities: bigint;
  /** Does the guest's kernel tell its console nothing but its own end, for nobody has asked for more? */
  readonly quiet: boolean;
  /** Keeps the caller's groups, without which it could not open what it needs of the host. */
  readonly keepsGroups: boolean;
}

export function vmmRunner(vmm: Vmm): Runner {
  const { early, agentFolder } = vmm;
  // In a folder that whoever made it alone gets into, hence as him.
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

/** Every file that the guest knows is a descriptor of its VMM's, whoever's limit it is: as many as a kernel allows by default. */
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
  const { opening, closing, agentFolder, sockets = [], watched = [] } = vmm;
  // The states that Init got are gone with its memory.
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
    ...guestOps(input, process, sockets),
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

/** libkrun has a line of the guest's kernel on the container's standard error; 1 leaves emergencies (proc_sys_kernel(5)). */
const QUIET: Op = { op: "writeFile", path: "/proc/sys/kernel/printk", data: "1" };

/** As the VMM's user, who connects to them: what he cannot reach is said before anything runs. */
function socketOps({ mounts = [] }: Spec, sockets: readonly number[]): readonly Op[] {
  if (sockets.length === 0) return [];
  const paths = sockets.map((index) => mounts[index]!.destination);
  return [{ op: "hostSockets", paths, from: "mounts" }];
}

/** As the VMM's user, whom directories may be shut for. */
function watchOps(paths: readonly string[]): readonly Op[] {
  return paths.length > 0 ? [{ op: "watchMounts", paths, from: WATCH_FROM }] : [];
}

/** The limits are the process's, and a VMM holds a descriptor for every file that its guest knows. */
const OF_PROCESS: ReadonlySet<string> = new Set(["rlimit", "softLimit"]);

/** A VMM has no use for what else the guest's process may do: that one gets its capabilities in the guest. */
function withinCapabilities(op: Op, most: bigint): Op {
  if (op.op === "capBounding") return { ...op, mask: op.mask & most };
  if (op.op === "capAmbient") return { ...op, mask: 0n };
  if (op.op !== "capset") return op;
  const { effective, permitted } = op;
  return { ...op, effective: effective & most, permitted: permitted & most, inheritable: 0n };
}

/** SECCOMP_FILTER_FLAG_TSYNC (seccomp(2)). */
const TSYNC = 1;

/** A VMM has threads; a filter is a thread's own unless it is synchronised. */
function onAllThreads(op: Op): Op {
  return op.op === "seccomp" ? { ...op, flags: op.flags | TSYNC } : op;
}

/** A VMM execs nothing, and AppArmor keeps a profile for each thread. */
function profileOps({ apparmorProfile }: Process): readonly Op[] {
  if (!apparmorProfile) return [];
  const label = `changeprofile ${apparmorProfile}`;
  return [{ op: "threadLabel", file: "apparmor/current", label, from: "process.apparmorProfile" }];
}

/**
 * SELinux lets a process change its own label while it has one thread. libkrun starts its threads when the VM is entered, and
 * kago's come just before that (helper-c/vmm/krun.c), so all that the VMM does in the container is done under the label.
 */
function labelOps({ selinuxLabel }: Process): readonly Op[] {
  if (!selinuxLabel) return [];
  const from = "process.selinuxLabel";
  return [{ op: "threadLabel", file: "current", label: selinuxLabel, from }];
}
