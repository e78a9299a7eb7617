/** The network interfaces of a build. The code that moves them is loaded only for containers that have any. */
import type { Spec } from "../spec/spec.ts";
import type { Task } from "../stages/conversation.ts";

/** @returns undefined when the spec has no `linux.netDevices`. */
export async function buildNetDevices({ linux }: Spec): Promise<Task["moveNetDevices"]> {
  const devices = linux?.netDevices ?? {};
  if (Object.keys(devices).length === 0) return undefined;
  const { moveNetDevices } = await import("../stages/net_devices.ts");
  return (pid, undo) => moveNetDevices(pid, devices, undo);
}
