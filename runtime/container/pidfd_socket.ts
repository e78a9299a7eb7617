/** `--pidfd-socket`: whoever listens there gets a pidfd of the new process, which no other process can come to have. */
import { closeFd, sendDescriptor } from "../../ffi/descriptors.ts";
import { openPidfd } from "../../ffi/processes.ts";
import { forPlace, HostError } from "../common/errors.ts";

/** What runc sends along: whether the process is a container's first or one more. */
export type ProcessKind = "standard" | "setns";

/**
 * Sends a pidfd of a process of ours to the unix stream socket `path`.
 * @throws {HostError} when the process has ended, {SpecError} when nobody listens there.
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
