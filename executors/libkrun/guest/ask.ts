/**
 * Requests to the agent in a microVM's guest: the connection, the timeout, and the reasons for a missing answer. answers.ts
 * decodes the answers.
 */
import { type AgentOptions, askAgent } from "../../../ffi/agent.ts";
import { closeFd } from "../../../ffi/descriptors.ts";
import { waitPidfd } from "../../../ffi/processes.ts";
import { SyscallError } from "../../../runtime/common/errors.ts";
import { openInit } from "../../../runtime/stages/signal_init.ts";
import { EBADMSG } from "../../../runtime/common/errno.ts";
import type { AgentContainer } from "../../interface/agent.ts";

/** Milliseconds that a guest gets to answer: a busy host alone may take some seconds. */
export const GUEST_PATIENCE = 10_000;

/**
 * The agent's answer; undefined when the VMM has exited.
 * @throws {SyscallError} on a timeout, or if the answer is an error.
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
    // The errno is not used for this, since it may be the guest's.
    if (waitPidfd(vmm, 0)) return undefined;
    throw error;
  } finally {
    closeFd(vmm);
  }
}

/** The reason for a missing answer; `problem` follows "the guest" in a message. */
export class NoAnswer {
  constructor(readonly problem: string, readonly cause?: SyscallError) {}
}

/** Sends a request and decodes the answer by `read`, which returns undefined for a malformed one. */
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
