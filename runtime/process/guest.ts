/**
 * Questions to the agent in a microVM's guest: whom to ask, for how long, and what it means when no answer comes. What
 * answers look like is guest_answers.ts's.
 */
import { askAgent } from "../../ffi/agent.ts";
import { SyscallError } from "../errors.ts";
import { agentFolder } from "../state/agent_folder.ts";
import type { Status, StoredState } from "../state/container_state.ts";
import { liveStatus } from "../state/live_status.ts";
import { isUnlocked } from "../state/lock.ts";

/** Milliseconds that a guest gets for an answer. */
export const GUEST_PATIENCE = 2000;

/** The folder of a running microVM's agent; undefined for whatever has none. */
export function runningGuest(
  root: string,
  state: StoredState,
  statusOf = (): Status => liveStatus(state, () => isUnlocked(root, state.id)),
): string | undefined {
  return hasAgent(state) && statusOf() === "running" ? agentFolder(root, state.id) : undefined;
}

/** Is an agent to be asked, when the container runs? */
export function hasAgent({ handler, agent }: StoredState): boolean {
  return handler === "krun" && agent === true;
}

/** Why there is no answer, as what follows "the guest". */
export class NoAnswer {
  constructor(readonly problem: string, readonly cause?: SyscallError) {}
}

/** Asks for what `read` takes, which finds undefined in an answer that is not of its form. */
export function askGuest<Answer>(
  folder: string,
  request: "figures" | "processes",
  read: (answer: Uint8Array) => Answer | undefined,
): Answer | NoAnswer {
  const malformed = `answered with something that is no list of ${request}`;
  let answer: Uint8Array;
  try {
    answer = askAgent(folder, request, GUEST_PATIENCE);
  } catch (cause) {
    if (!(cause instanceof SyscallError)) throw cause;
    const EBADMSG = 74;
    if (cause.errno === EBADMSG) return new NoAnswer(malformed, cause);
    return new NoAnswer(`did not answer in ${GUEST_PATIENCE / 1000} s`, cause);
  }
  return read(answer) ?? new NoAnswer(malformed);
}
