/** The shim's function that talks to a guest agent. */
import { call, checked, cString } from "./shim_call.ts";

/** helper-c/frame.h */
const AGENT_REQUESTS = { signal: 2, figures: 3, processes: 4 } as const;

const MAX_REPLY = 16384;

/**
 * Asks the guest agent whose socket is in the folder, and waits for its answer, which is the guest's word.
 * @throws {SyscallError} with ETIMEDOUT when it does not come in `timeoutMs`.
 */
export function askAgent(
  folder: string,
  request: keyof typeof AGENT_REQUESTS,
  timeoutMs: number,
  signal = 0,
  all = false,
): Uint8Array<ArrayBuffer> {
  const reply = new Uint8Array(MAX_REPLY);
  const size = Uint32Array.of(MAX_REPLY);
  const numbers = [AGENT_REQUESTS[request], signal, all ? 1 : 0, timeoutMs];
  checked(call("ask_agent", numbers, cString(folder), reply, size), `ask the guest for ${request}`);
  return reply.subarray(0, size[0]);
}
