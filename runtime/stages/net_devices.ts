/**
 * `linux.netDevices`: moves the host's interfaces into the container's network namespace, while the Intermediate waits in
 * it. They stay there; when the namespace ends, the kernel gives hardware back to the host and removes what is virtual.
 */
import { openNamespace } from "../../ffi/descriptors.ts";
import { moveNetDevice } from "../../ffi/net_device.ts";
import { describeErrno, SpecError, SyscallError } from "../common/errors.ts";
import { formatPath } from "../spec/json_path.ts";
import type { Spec } from "../spec/spec.ts";

/**
 * @param pid a process in the container's network namespace.
 * @param undo gets what brings each interface back, should the container come to nothing.
 * @throws {SpecError} naming the interface.
 */
export function moveNetDevices(pid: number, { linux }: Spec, undo: (() => void)[]): void {
  const host = openNamespace("/proc/self/ns/net");
  const container = openNamespace(`/proc/${pid}/ns/net`);
  for (const [name, device] of Object.entries(linux?.netDevices ?? {})) {
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
