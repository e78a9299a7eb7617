/** The shim's function that moves network interfaces. */
import { call, checked, cString, encoder, textOf } from "./shim_call.ts";

/** Interface names end before this (linux/if.h). */
const IFNAMSIZ = 16;

export interface NetDeviceMove {
  readonly name: string;
  readonly newName: string;
  /** Descriptors of network namespaces. */
  readonly from: number;
  readonly to: number;
  /** Shall it be up there? */
  readonly up: boolean;
}

/**
 * Moves a network interface with its addresses (helper-c/shim/net_device.h).
 * @returns its name there, and whether it was up before.
 * @throws {SyscallError} with the step that failed.
 */
export function moveNetDevice(
  { name, newName, from, to, up }: NetDeviceMove,
): { readonly name: string; readonly wasUp: boolean } {
  const there = new Uint8Array(IFNAMSIZ);
  encoder.encodeInto(newName, there.subarray(0, IFNAMSIZ - 1));
  const problem = new Uint8Array(128);
  const result = call("move_net_device", [from, to, Number(up)], cString(name), there, problem);
  checked(result, textOf(problem));
  return { name: textOf(there), wasUp: result === 1 };
}
