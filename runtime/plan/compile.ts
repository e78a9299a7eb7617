/**
 * From a validated spec and facts about the host to the plan of `create`: pure, and the same for `kago plan`.
 * Each part has a module; this one owns the order between them.
 */
import type { Process } from "../spec/spec.ts";
import { type CompileInput, isNewNamespace, namespaceOf } from "./compile_input.ts";
import { deviceOps } from "./devices.ts";
import { createHookOps } from "./hooks.ts";
import { MS } from "./mount_options.ts";
import { mountOps } from "./mounts.ts";
import { intermediateOps } from "./namespaces.ts";
import type { Op, Plan } from "./op.ts";
import { homeOps, identityOps, programOps, sessionOps, streamOps, terminalOps } from "./process.ts";
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
  const { runner } = input;
  if (runner) {
    // What the caller hands on is the process's, and does not reach it by way of the runner.
    const closeAll: Op = { op: "closeFds", preserve: 0 };
    return {
      intermediate: intermediateOps(input, [...root.early, ...runner.early]),
      init: [...early, closeAll, runner.execute(input.host)],
      ...runner.stages(input, process, late),
    };
  }
  const streams = streamOps(input, process);
  const intermediate = intermediateOps(input, [...streams.early, ...root.early]);
  const init: Op[] = [
    ...early,
    { op: "reopenNull" },
    ...streams.late,
    ...late,
    { op: "closeFds", preserve: input.preserveFds },
    ...homeOps(process),
    ...identityOps(input, process),
    ...shownToExecOps(input),
    ...programOps(input, process),
  ];
  return { intermediate, init, vmm: [] };
}

/**
 * An ordinary user's `exec` in a container that waits for `start` enters its namespaces with no more right to Init than
 * ptrace(2) asks for, and of a hidden process that is the host's root's. By now Init has only what is the container's.
 */
function shownToExecOps({ spec, host }: CompileInput): readonly Op[] {
  const isShown = host.uid !== 0 && isNewNamespace(spec, "user");
  return isShown ? [{ op: "dumpable", on: 1 }] : [];
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
  const mounts = input.runner ? input.runner.mounts(input) : mountOps(input);
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
      ...mounts.finish,
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
  if (input.runner) throw new Error("a runner's executor must refuse to share the host's mounts");
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
