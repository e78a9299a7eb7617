/** Requests to the agent in a microVM's guest. `kill` loads this module; what only `ps` needs is loaded lazily. */
import { describeErrno, ETIMEDOUT } from "../../../runtime/common/errno.ts";
import { HostError, SyscallError } from "../../../runtime/common/errors.ts";
import type { Agent, AgentContainer, AgentFigures, PsRequest } from "../../interface/agent.ts";
import { answerOf, askGuest, GUEST_PATIENCE, NoAnswer } from "./ask.ts";
import { readFigures } from "./answers.ts";
import { guestLimits } from "./limits.ts";
import type { Resources } from "../../../runtime/spec/spec.ts";

export const guestAgent: Agent = { signal, figures, limit, ps };

/** The agent confirms the delivery; a signal sent to the VMM would only be forwarded (helper-c/vmm/forward_signals.c). */
function signal(container: AgentContainer, signal: number, all: boolean): boolean {
  try {
    return answerOf(container, "signal", { signal, all }) !== undefined;
  } catch (cause) {
    if (!(cause instanceof SyscallError)) throw cause;
    const { id } = container.state;
    throw new HostError(
      `the guest of container ${id} did not accept signal ${signal} in ${GUEST_PATIENCE / 1000} s`,
      `KILL ends it without the guest's help: kago kill ${id} KILL`,
      { cause },
    );
  }
}

function figures(container: AgentContainer): AgentFigures | null {
  const answer = askGuest(container, "figures", readFigures);
  return answer instanceof NoAnswer ? null : answer;
}

function limit(container: AgentContainer, resources: Resources): boolean {
  const { id, memoryOutside } = container.state;
  const limits = guestLimits(resources, memoryOutside);
  if (!limits) return true;
  try {
    return answerOf(container, "limits", { limits }) !== undefined;
  } catch (cause) {
    if (!(cause instanceof SyscallError)) throw cause;
    const isLate = cause.errno === ETIMEDOUT;
    const problem = isLate ? ` in ${GUEST_PATIENCE / 1000} s` : `: ${describeErrno(cause.errno)}`;
    throw new HostError(
      `the guest of container ${id} did not apply the new limits${problem}`,
      isLate
        ? "try again when it is less busy; until then only its cgroup on the host limits it"
        : "its cgroup on the host limits it anyway; create it again for limits in the guest",
      { cause },
    );
  }
}

async function ps(container: AgentContainer, request: PsRequest): Promise<string | undefined> {
  const { guestPs } = await import("./ps.ts");
  return guestPs(container, request);
}
