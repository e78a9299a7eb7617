/**
 * The plan of `exec`: an additional process in a running container. It has the stages of `create`, but joins Init's
 * namespaces instead of making new ones. The part for the process is the same (process.ts).
 */
import { NAMESPACES } from "../spec/namespaces.ts";
import type { ProcessInput } from "./compile_input.ts";
import { hardLimitOps, oomScoreOps } from "./namespaces.ts";
import type { Op, Plan } from "./op.ts";
import { homeOps, identityOps, programOps, sessionOps, streamOps, terminalOps } from "./process.ts";
import { affinityOps } from "./schedule.ts";

export interface TenantInput extends ProcessInput {
  /** CLONE_NEW* of the namespaces in which Init differs from the caller. */
  readonly namespaces: number;
  /** Writes by which the Intermediate joins the container's cgroup. */
  readonly joinOps: readonly Op[];
}

/**
 * Compiles the plan of `exec`. `spec` is the container's, with the tenant's `process`.
 * @throws {SpecError} for a process that is not supported.
 */
export function compileTenantPlan(input: TenantInput): Plan {
  const process = input.spec.process!;
  const streams = streamOps(input, process);
  const isUserJoined = (input.namespaces & NAMESPACES.user.flag) !== 0;
  return {
    intermediate: [
      // Before any process of the container can inspect this one (CVE-2024-21626).
      { op: "closeFds", preserve: input.preserveFds },
      ...affinityOps(process, "initial"),
      ...input.joinOps,
      ...affinityOps(process, "final"),
      ...oomScoreOps(process, input.host.uid !== 0),
      ...streams.early,
      ...(isUserJoined && input.host.uid === 0 ? hardLimitOps(process) : []),
      ...joinOps(input.namespaces),
      { op: "cloneInit" },
    ],
    init: [
      ...sessionOps(input),
      ...rootOps(input),
      { op: "reopenNull" },
      ...streams.late,
      ...terminalOps(process, false),
      ...homeOps(process),
      { op: "prepareCwd", path: process.cwd, make: 0, from: "process.cwd" },
      ...identityOps(input, process),
      // The container's hooks do not run again.
      ...programOps({ ...input, spec: { ...input.spec, hooks: {} } }, process),
    ],
    vmm: [],
  };
}

function joinOps(namespaces: number): readonly Op[] {
  if (namespaces === 0) return [];
  const join: Op = { op: "joinProcess", namespaces };
  return namespaces & NAMESPACES.user.flag ? [join, { op: "becomeRoot" }] : [join];
}

/** A tenant that shares the caller's mounts enters its root by chroot(2) only. */
function rootOps({ namespaces, rootfs }: TenantInput): readonly Op[] {
  if (namespaces & NAMESPACES.mount.flag) return [];
  return [{ op: "enterRoot", path: rootfs, from: "root.path" }];
}
