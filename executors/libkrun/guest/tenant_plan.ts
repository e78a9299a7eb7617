/**
 * The plan of `exec` in a microVM. On the host a stage joins the container's cgroup and then represents the process: it
 * sends the guest's part of the plan to the agent, and relays streams and signals (helper-c/session/op_session.c). In the
 * guest the process is created like every process of a container.
 */
import type { Process } from "../../../runtime/spec/spec.ts";
import type { ProcessInput } from "../../../runtime/plan/compile_input.ts";
import { encodeGuestPlan } from "../../../runtime/plan/encode.ts";
import { guestProcessOps } from "./plan.ts";
import { oomScoreOps } from "../../../runtime/plan/namespaces.ts";
import type { Op, Plan } from "../../../runtime/plan/op.ts";
import { homeOps } from "../../../runtime/plan/process.ts";

export interface GuestTenantInput extends ProcessInput {
  /** The host's folder with the agent's socket. */
  readonly agentFolder: string;
  /** Writes by which the Intermediate joins the container's cgroup. */
  readonly joinOps: readonly Op[];
}

/** Compiles the plan of `exec`. `spec` is the container's, with the tenant's `process`. */
export function compileGuestTenantPlan(input: GuestTenantInput): Plan {
  const process = input.spec.process!;
  const guest = guestTenantOps(input, process);
  const { height: rows = 0, width: columns = 0 } = process.consoleSize ?? {};
  return {
    intermediate: [{ op: "closeFds", preserve: 0 }, ...input.joinOps, { op: "cloneInit" }],
    init: [
      { op: "setsid" },
      ...(process.terminal
        ? [{ op: "sessionTerminal", rows, columns, from: "process.terminal" } as const]
        : []),
      { op: "awaitStart" },
      {
        op: "guestSession",
        folder: input.agentFolder,
        plan: encodeGuestPlan(guest),
        terminal: process.terminal ? 1 : 0,
      },
    ],
    vmm: [],
    guest,
  };
}

function guestTenantOps(input: GuestTenantInput, process: Process): readonly Op[] {
  const { height: rows = 0, width: columns = 0 } = process.consoleSize ?? {};
  const uid = process.user?.uid ?? 0;
  return [
    { op: "setsid" },
    ...oomScoreOps(process),
    ...(process.terminal
      ? [{ op: "guestTerminal", rows, columns, uid, from: "process.terminal" } as const]
      : []),
    ...homeOps(process),
    { op: "prepareCwd", path: process.cwd, make: 0, from: "process.cwd" },
    ...guestProcessOps(input, process),
  ];
}
