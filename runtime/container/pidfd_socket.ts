/** `--pidfd-socket`: sends the listener a pidfd of the new process; unlike a pid it is never reused. */
import { closeFd, sendDescriptor } from "../../ffi/descriptors.ts";
import { openPidfd } from "../../ffi/processes.ts";
import { forPlace, HostError } from "../common/errors.ts";

/** As in runc's message: the container's first process, or an additional process. */
export type ProcessKind = "standard" | "setns";

/**
 * Sends a pidfd of a child process to the unix stream socket `path`.
 * @throws {HostError} when the process has exited, {SpecError} when there is no listener.
 */
export function sendPidfd(path: string, pid: number, kind: ProcessKind): void {
  const pidfd = openPidfd(pid);
  if (pidfd === undefined) throw new HostError(`process ${pid} has ended`, "see the kernel's log");
  try {
    forPlace("--pidfd-socket", () => sendDescriptor(path, kind, pidfd));
  } finally {
    closeFd(pidfd);
  }
}
