/**
 * From a validated spec and facts about the host to the plan of `create`: pure, and the same for `kago plan`.
 * Each part has a module; this one owns the order between them.
 */
import { SpecError } from "../common/errors.ts";
import type { Process } from "../spec/spec.ts";
import { type CompileInput, type Ending, isNewNamespace, namespaceOf } from "./compile_input.ts";
import { deviceOps } from "./devices.ts";
import { encodeGuestPlan } from "./encode.ts";
import { guestOps } from "./guest.ts";
import { createHookOps, startHookOps } from "./hooks.ts";
import { kernelMountsReadonly, vmmMountOps } from "./kernel_mounts.ts";
import { MS } from "./mount_options.ts";
import { mountOps } from "./mounts.ts";
import { intermediateOps } from "./namespaces.ts";
import { type Op, type Plan, SYNC_POINTS } from "./op.ts";
import {
  homeOps,
  identityOps,
  programOps,
  sessionOps,
  startOps,
  streamOps,
  terminalOps,
  vmmProfileOps,
} from "./process.ts";
import { hostnameOps, propagationOf, protectionOps, rootAttributeOps, sysctlOps } from "./root.ts";

/** Of a container that is created only: `start` refuses it (runtime spec, "Start"). */
const NO_PROCESS: Process = { cwd: "/" };

/**
 * Compiles the plan of `create`.
 * @throws {SpecError} for a spec that cannot be carried out.
 */
export function compilePlan(input: CompileInput): Plan {
  const process = input.spec.process ?? NO_PROCESS;
  const root = rootOps(input);
  const early = [
    ...sessionOps(input),
    ...loopbackOps(input),
    ...root.before,
    ...createHookOps(input),
  ];
  const late = [...root.enter, ...hostnameOps(input)];
  const closeFds: Op = { op: "closeFds", preserve: input.preserveFds };
  if (input.ending.kind === "process") {
    const streams = streamOps(input, process);
    const intermediate = intermediateOps(input, [...streams.early, ...root.early]);
    const init: Op[] = [
      ...early,
      { op: "reopenNull" },
      ...streams.late,
      ...late,
      closeFds,
      ...homeOps(process),
      ...identityOps(input, process),
      ...shownToExecOps(input),
      ...programOps(input, process),
    ];
    return { intermediate, init, vmm: [] };
  }
  refuseVmmLabel(process);
  const intermediate = intermediateOps(input, [...root.early, ...input.ending.early ?? []]);
  // The host's libraries are still in sight when the VMM's program starts, hence before the pivot.
  const { libraryPath } = input.host;
  const env = libraryPath ? [`LD_LIBRARY_PATH=${libraryPath}`] : [];
  // What the caller hands on is the process's, and does not reach a guest.
  const closeAll: Op = { op: "closeFds", preserve: 0 };
  const init: readonly Op[] = [...early, closeAll, { op: "execVmm", env }];
  return { intermediate, init, ...vmmPlan(input, input.ending, process, late) };
}

/**
 * An ordinary user's `exec` in a container that waits for `start` enters its namespaces with no more right to Init than
 * ptrace(2) asks for, and of a hidden process that is the host's root's. By now Init has only what is the container's.
 */
function shownToExecOps({ spec, host }: CompileInput): readonly Op[] {
  const isShown = host.uid !== 0 && isNewNamespace(spec, "user");
  return isShown ? [{ op: "dumpable", on: 1 }] : [];
}

/** What the VMM does before it boots the guest, and what the agent does in there. */
function vmmPlan(
  input: CompileInput,
  { opening, closing, capabilities }: Extract<Ending, { kind: "vmm" }>,
  process: Process,
  late: readonly Op[],
): Pick<Plan, "vmm" | "guest"> {
  // The states that Init got are gone with its memory.
  const states: readonly Op[] = startHookOps(input).length > 0
    ? [{ op: "sync", point: SYNC_POINTS.hookStates, from: "hooks.startContainer" }]
    : [];
  const identity = [...identityOps(input, process), ...vmmProfileOps(process)]
    .map((op) => withinCapabilities(op, capabilities));
  const start = startOps(input, process);
  if (input.runFolder === undefined) {
    return { vmm: [...states, ...opening, ...late, ...identity, ...start, ...closing] };
  }
  const guest = guestOps(input, process);
  const { uid = 0, gid = 0 } = process.user ?? {};
  const files: Op = { op: "agentFiles", plan: encodeGuestPlan(guest), uid, gid };
  const confined = identity.filter(({ op }) => !OF_PROCESS.has(op));
  return { vmm: [...states, ...opening, files, ...late, ...confined, ...start, ...closing], guest };
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

/** SELinux lets a process of one thread alone change its label, and a VMM has no exec of its own in the container. */
function refuseVmmLabel({ selinuxLabel }: Process): void {
  if (!selinuxLabel) return;
  throw new SpecError(
    "process.selinuxLabel",
    "cannot be given to a microVM, whose VMM has threads: leave it out (podman: --security-opt label=disable)",
  );
}

function loopbackOps({ spec }: CompileInput): readonly Op[] {
  return isNewNamespace(spec, "network") ? [{ op: "loopbackUp", from: "linux.namespaces" }] : [];
}

interface RootOps {
  /** By the Intermediate, as root of the host. */
  readonly early: readonly Op[];
  /** On the root, from outside. */
  readonly before: readonly Op[];
  /** The way in. */
  readonly enter: readonly Op[];
}

function rootOps(input: CompileInput): RootOps {
  const { spec } = input;
  if (!namespaceOf(spec, "mount")) return sharedMountsRoot(input);
  const isVmm = input.ending.kind === "vmm";
  const mounts = isVmm ? vmmMountOps(input) : mountOps(input);
  const terminal = terminalOps(spec.process ?? NO_PROCESS, true);
  return {
    early: mounts.early,
    before: [
      ...propagationOps(input),
      {
        op: "openRoot",
        path: input.rootfs,
        privateParent: mayPropagate(input) ? 1 : 0,
        privateTree: 0,
        from: "root.path",
      },
      ...mounts.ops,
      ...deviceOps(input),
      ...terminal,
      ...sysctlOps(input),
      ...protectionOps(input),
      ...(isVmm ? [{ op: "vmmDescriptors", from: "mounts" } as const] : []),
      ...mounts.finish,
      ...(isVmm ? [kernelMountsReadonly] : []),
    ],
    enter: [
      input.noPivot ? { op: "changeRoot", moveMount: 1 } : { op: "pivotRoot", from: "root.path" },
      // Before the root turns read-only: a missing working directory is made.
      { op: "prepareCwd", path: (spec.process ?? NO_PROCESS).cwd, make: 1, from: "process.cwd" },
      ...rootAttributeOps(input),
    ],
  };
}

/**
 * Without a mount namespace of its own the container gets a chroot, and what it mounts is mounted on the host: as runc
 * and crun have it, except that nothing of the host's own changes, and that `delete` takes it away again.
 */
function sharedMountsRoot(input: CompileInput): RootOps {
  const { spec, rootfs } = input;
  if (input.ending.kind === "vmm") {
    throw new SpecError("linux.namespaces", "a microVM needs a namespace of type mount");
  }
  const mounts = mountOps(input);
  return {
    early: mounts.early,
    before: [
      { op: "openRoot", path: rootfs, privateParent: 0, privateTree: 1, from: "root.path" },
      {
        op: "rootAttributes",
        attrsSet: 0n,
        attrsUnnamed: 0n,
        propagation: MS.PRIVATE | MS.REC,
        from: "root.path",
      },
      ...mounts.ops,
      ...deviceOps(input),
      ...terminalOps(spec.process ?? NO_PROCESS, true),
      ...sysctlOps(input),
      ...mounts.finish,
    ],
    enter: [
      { op: "changeRoot", moveMount: 0 },
      { op: "prepareCwd", path: (spec.process ?? NO_PROCESS).cwd, make: 1, from: "process.cwd" },
      ...rootAttributeOps(input),
    ],
  };
}

/** Could what is mounted over the root be seen from the host? Then its parent is made private first. */
function mayPropagate(input: CompileInput): boolean {
  return (propagationOf(input) & MS.SHARED) !== 0;
}

/**
 * Of the host's mounts, before anything is mounted: what the container mounts reaches the host only where `shared` asks for
 * it. Every other propagation is the root's alone, and given to it when it is complete.
 */
function propagationOps(input: CompileInput): readonly Op[] {
  const slave: Op = { op: "propagation", path: "/", flags: MS.SLAVE | MS.REC };
  if (!mayPropagate(input)) return [slave];
  const flags = propagationOf(input);
  return [{ op: "propagation", path: "/", flags, from: "linux.rootfsPropagation" }];
}
