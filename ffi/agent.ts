/** The shim's function for requests to a guest agent. */
import { call, checked, cString } from "./shim_call.ts";

/** helper-c/session/frame.h */
const AGENT_REQUESTS = { signal: 2, figures: 3, processes: 4, limits: 20 } as const;

const MAX_REPLY = 16384;

export interface AgentOptions {
  readonly signal?: number;
  /** Send the signal to all processes? */
  readonly all?: boolean;
  readonly limits?: GuestLimits;
}

/** 0 keeps a limit, -1 removes it. */
export interface GuestLimits {
  /** Bytes. */
  readonly memory: bigint;
  /** Microseconds of CPU time in each period. */
  readonly quota: bigint;
  /** Microseconds. */
  readonly period: bigint;
}

/**
 * Sends a request to the guest agent whose socket is in the folder, and waits for its answer, which is not to be trusted.
 * @param vmm a pidfd of the VMM, which must be the process that answers, and whose exit ends the wait.
 * @throws {SyscallError} with ETIMEDOUT when there is no answer in `timeoutMs`, ESRCH when the VMM has exited, EPERM when
 * another process answers.
 */
export function askAgent(
  folder: string,
  vmm: number,
  request: keyof typeof AGENT_REQUESTS,
  timeoutMs: number,
  options: AgentOptions = {},
): Uint8Array<ArrayBuffer> {
  const reply = new Uint8Array(MAX_REPLY);
  const size = Uint32Array.of(MAX_REPLY);
  const payload = payloadOf(request, options);
  reply.set(payload);
  const numbers = [AGENT_REQUESTS[request], payload.length, timeoutMs, vmm];
  checked(call("ask_agent", numbers, cString(folder), reply, size), `ask the guest for ${request}`);
  return reply.subarray(0, size[0]);
}

function payloadOf(
  request: keyof typeof AGENT_REQUESTS,
  { signal = 0, all = false, limits }: AgentOptions,
): Uint8Array {
  if (request === "signal") return new Uint8Array(Uint32Array.of(signal, all ? 1 : 0).buffer);
  if (request !== "limits" || !limits) return new Uint8Array();
  const { memory, quota, period } = limits;
  return new Uint8Array(BigInt64Array.of(memory, quota, period).buffer);
}
