/** The shim's function that talks to a guest agent. */
import { call, checked, cString } from "./shim_call.ts";

/** helper-c/session/frame.h */
const AGENT_REQUESTS = { signal: 2, figures: 3, processes: 4 } as const;

const MAX_REPLY = 16384;

export interface AgentOptions {
  readonly signal?: number;
  /** Is the signal for all processes? */
  readonly all?: boolean;
}

/**
 * Asks the guest agent whose socket is in the folder, and waits for its answer, which is the guest's word.
 * @param vmm a pidfd of the VMM, which must be who answers, and whose end is noticed at once.
 * @throws {SyscallError} with ETIMEDOUT when it does not come in `timeoutMs`, ESRCH when the VMM has ended, EPERM when
 * another process is in its place.
 */
export function askAgent(
  folder: string,
  vmm: number,
  request: keyof typeof AGENT_REQUESTS,
  timeoutMs: number,
  { signal = 0, all = false }: AgentOptions = {},
): Uint8Array<ArrayBuffer> {
  const reply = new Uint8Array(MAX_REPLY);
  const size = Uint32Array.of(MAX_REPLY);
  const numbers = [AGENT_REQUESTS[request], signal, all ? 1 : 0, timeoutMs, vmm];
  checked(call("ask_agent", numbers, cString(folder), reply, size), `ask the guest for ${request}`);
  return reply.subarray(0, size[0]);
}
