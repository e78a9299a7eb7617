/**
 * Compiles a validated spec and facts about the host into the plan of `create`. Pure, and the same for `kago plan`. Each
 * part has its own module; this one defines their order.
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

/** For a container without a process: it can be created, but `start` refuses it (runtime spec, "Start"). */
const NO_PROCESS: Process = { cwd: "/" };

/**
 * Compiles the plan of `create`.
 * @throws {SpecError} for a spec that is not supported.
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
    // The caller's descriptors are for the process, which does not inherit them from the runner.
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
 * To join Init's namespaces, an ordinary user's `exec` needs ptrace(2) access to Init while it waits for `start`; to a
 * non-dumpable process only the host's root has it. At this point Init holds only what is the container's.
 */
function shownToExecOps({ spec, host }: CompileInput): readonly Op[] {
  const isShown = host.uid !== 0 && isNewNamespace(spec, "user");
  return isShown ? [{ op: "dumpable", on: 1 }] : [];
}

function loopbackOps({ spec }: CompileInput): readonly Op[] {
  return isNewNamespace(spec, "network") ? [{ op: "loopbackUp", from: "linux.namespaces" }] : [];
}

interface RootOps {
  /** For the Intermediate, as root of the host. */
  readonly early: readonly Op[];
  /** On the root, before it is entered. */
  readonly before: readonly Op[];
  /** Enter the root. */
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
      // Before the root becomes read-only: a missing working directory is created.
      { op: "prepareCwd", path: (spec.process ?? NO_PROCESS).cwd, make: 1, from: "process.cwd" },
      ...rootAttributeOps(input),
    ],
  };
}

/**
 * Without a mount namespace the container gets a chroot, and its mounts are made on the host. As with runc and crun, except
 * that the host's own mounts do not change, and that `delete` removes the container's.
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

/** Could mounts on the root propagate to the host? Then the root's parent mount is made private first. */
function mayPropagate(input: CompileInput): boolean {
  return (propagationOf(input) & MS.SHARED) !== 0;
}

/**
 * The propagation of the host's mounts, set before anything is mounted: the container's mounts reach the host only with
 * `shared`. Any other propagation applies to the root alone, and is set when the root is complete.
 */
function propagationOps(input: CompileInput): readonly Op[] {
  const slave: Op = { op: "propagation", path: "/", flags: MS.SLAVE | MS.REC };
  if (!mayPropagate(input)) return [slave];
  const flags = propagationOf(input);
  return [{ op: "propagation", path: "/", flags, from: "linux.rootfsPropagation" }];
}
