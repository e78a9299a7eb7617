/**
 * `linux.netDevices`: moves the host's interfaces into the container's network namespace, in which the Intermediate waits.
 * They stay there; when the namespace ends, the kernel moves hardware back to the host and removes virtual interfaces.
 */
import { openNamespace } from "../../ffi/descriptors.ts";
import { describeErrno, SpecError, SyscallError } from "../common/errors.ts";
import { formatPath } from "../spec/json_path.ts";
import type { NetDevice } from "../spec/spec.ts";
import { moveNetDevice } from "./net_device_move.ts";

/**
 * @param pid a process in the container's network namespace.
 * @param devices `linux.netDevices`.
 * @param undo gets the functions that move each interface back if the container is not created.
 * @throws {SpecError} naming the interface.
 */
export function moveNetDevices(
  pid: number,
  devices: Readonly<Record<string, NetDevice>>,
  undo: (() => void)[],
): void {
  const host = openNamespace("/proc/self/ns/net");
  const container = openNamespace(`/proc/${pid}/ns/net`);
  for (const [name, device] of Object.entries(devices)) {
    const newName = device.name || name;
    try {
      const moved = moveNetDevice({ name, newName, from: host, to: container, up: true });
      const back = { name: moved.name, newName: name, from: container, to: host, up: moved.wasUp };
      undo.push(() => void moveNetDevice(back));
    } catch (cause) {
      if (!(cause instanceof SyscallError)) throw cause;
      throw new SpecError(
        formatPath(["linux", "netDevices", name]),
        `cannot be moved as ${newName}: ${cause.operation}: ${describeErrno(cause.errno)}`,
        { cause },
      );
    }
  }
}
