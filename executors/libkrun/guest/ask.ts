/**
 * Questions to the agent in a microVM's guest: whom to ask, for how long, and what it means when no answer comes. What
 * answers look like is answers.ts's.
 */
import { type AgentOptions, askAgent } from "../../../ffi/agent.ts";
import { closeFd } from "../../../ffi/descriptors.ts";
import { waitPidfd } from "../../../ffi/processes.ts";
import { SyscallError } from "../../../runtime/common/errors.ts";
import { openInit } from "../../../runtime/stages/signal_init.ts";
import { EBADMSG } from "../../../runtime/common/errno.ts";
import type { AgentContainer } from "../../interface/agent.ts";

/** Milliseconds that a guest gets for an answer: a busy host alone may take some seconds of it. */
export const GUEST_PATIENCE = 10_000;

/**
 * What the agent answers; undefined when the VMM has ended.
 * @throws {SyscallError} when no answer comes in time, or an error is the answer.
 */
export function answerOf(
  { stateFolder, state }: AgentContainer,
  request: Parameters<typeof askAgent>[2],
  options: AgentOptions = {},
): Uint8Array | undefined {
  const vmm = openInit(state);
  if (vmm === undefined) return undefined;
  try {
    return askAgent(stateFolder, vmm, request, GUEST_PATIENCE, options);
  } catch (error) {
    // Not told by its errno, which may be the guest's.
    if (waitPidfd(vmm, 0)) return undefined;
    throw error;
  } finally {
    closeFd(vmm);
  }
}

/** Why there is no answer, as what follows "the guest". */
export class NoAnswer {
  constructor(readonly problem: string, readonly cause?: SyscallError) {}
}

/** Asks for what `read` takes, which finds undefined in an answer that is not of its form. */
export function askGuest<Answer>(
  container: AgentContainer,
  request: "figures" | "processes",
  read: (answer: Uint8Array) => Answer | undefined,
): Answer | NoAnswer {
  const malformed = `sent an answer that is not a list of ${request}`;
  let answer: Uint8Array | undefined;
  try {
    answer = answerOf(container, request);
  } catch (cause) {
    if (!(cause instanceof SyscallError)) throw cause;
    if (cause.errno === EBADMSG) return new NoAnswer(malformed, cause);
    return new NoAnswer(`did not answer in ${GUEST_PATIENCE / 1000} s`, cause);
  }
  if (answer === undefined) return new NoAnswer("cannot be asked: the VM has ended");
  return read(answer) ?? new NoAnswer(malformed);
}
