/** Sends a request to a running container's guest agent, like kago's commands. */
import { type AgentOptions, askAgent } from "../../ffi/agent.ts";
import { closeFd } from "../../ffi/descriptors.ts";
import { openPidfd } from "../../ffi/processes.ts";
import type { Kago } from "./kago.ts";

const TIMEOUT_MS = 30_000;

/** @throws {SyscallError} when there is no answer. */
export async function askGuest(
  kago: Kago,
  request: Parameters<typeof askAgent>[2],
  options: AgentOptions = {},
): Promise<Uint8Array<ArrayBuffer>> {
  const vmm = openPidfd((await kago.state()).pid as number);
  if (vmm === undefined) throw new Error("the VMM has ended");
  try {
    return askAgent(`${kago.root}/${kago.id}`, vmm, request, TIMEOUT_MS, options);
  } finally {
    closeFd(vmm);
  }
}
