/**
 * The plan of `exec`: an additional process in a running container. It has the stages of `create`, but joins what Init has
 * in place of making it; the part that is about the process is the same (process.ts).
 */
import { NAMESPACES } from "../spec/namespaces.ts";
import type { ProcessInput } from "./compile_input.ts";
import { hardLimitOps, oomScoreOps } from "./namespaces.ts";
import type { Op, Plan } from "./op.ts";
import { homeOps, identityOps, programOps, sessionOps, streamOps, terminalOps } from "./process.ts";
import { affinityOps } from "./schedule.ts";

export interface TenantInput extends ProcessInput {
  /** CLONE_NEW* of the namespaces that Init has and the caller has not. */
  readonly namespaces: number;
  /** Writes by which the Intermediate joins the container's cgroup. */
  readonly joinOps: readonly Op[];
}

/**
 * Compiles the plan of `exec`. `spec` is the container's with the tenant's `process`.
 * @throws {SpecError} for a process that cannot be carried out.
 */
export function compileTenantPlan(input: TenantInput): Plan {
  const process = input.spec.process!;
  const streams = streamOps(input, process);
  const isUserJoined = (input.namespaces & NAMESPACES.user.flag) !== 0;
  return {
    intermediate: [
      // Before anything of the container's can look at this process (CVE-2024-21626).
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
      // The container's hooks have had their time.
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

/** Whoever shares the caller's mounts has its root by chroot(2) alone. */
function rootOps({ namespaces, rootfs }: TenantInput): readonly Op[] {
  if (namespaces & NAMESPACES.mount.flag) return [];
  return [{ op: "enterRoot", path: rootfs, from: "root.path" }];
}
