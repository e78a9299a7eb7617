/**
 * sd_notify(3) for containers: if kago has NOTIFY_SOCKET, the program gets a socket of kago's instead, in a folder of the
 * state that is bound into the container. Its messages are passed on while kago stays, otherwise until the program is ready
 * (helper-c/shim/notify.h). Defines the names on both sides, and the assignments that are passed on.
 */
import { closeFd, openFolder } from "../../ffi/descriptors.ts";
import { type Notify, notifyConnect, notifyListen, notifyWait } from "../../ffi/processes.ts";
import { makeFolderOfMode } from "../common/files.ts";
import type { Spec } from "../spec/spec.ts";

const SOCKET = "notify.sock";
/** The path in the container, as with runc. */
const INSIDE = "/run/notify";

/**
 * The assignments that a program may send to the manager. None about descriptors or processes: its pids are those of the
 * container, and it must not choose the service's main process.
 */
export const PASSED_ON = [
  "READY",
  "RELOADING",
  "STOPPING",
  "STATUS",
  "ERRNO",
  "WATCHDOG",
  "EXTEND_TIMEOUT_USEC",
  "MONOTONIC_USEC",
] as const;

/** The folder in the container's state. */
export function notifyFolder(root: string, id: string): string {
  return `${root}/${id}/sd_notify`;
}

/** Other users cannot reach the folder in the state; the container has it as a mount. */
export function makeNotifyFolder(folder: string): void {
  makeFolderOfMode(folder, 0o755);
}

/** The spec with the socket's mount and variable; unchanged without a folder. */
export function withNotify(spec: Spec, folder: string | undefined): Spec {
  if (folder === undefined || !spec.process) return spec;
  const env = [...(spec.process.env ?? []), `NOTIFY_SOCKET=${INSIDE}/${SOCKET}`];
  const options = ["bind", "nosuid", "noexec", "nodev", "ro"];
  const mount = { destination: INSIDE, type: "bind", source: folder, options };
  return {
    ...spec,
    process: { ...spec.process, env },
    mounts: [...(spec.mounts ?? []), mount],
  };
}

/**
 * A socket connected to the service manager at the address in NOTIFY_SOCKET; -1 when there is none, or it cannot be
 * reached: a stale variable must not prevent a container.
 */
export function connectToManager(
  address: string | undefined,
  warn: (message: string) => void,
): number {
  if (!namesManager(address)) return -1;
  try {
    return notifyConnect(address!);
  } catch (error) {
    warn(
      `NOTIFY_SOCKET: the service manager cannot be notified that the container is ready: ${
        (error as Error).message
      }`,
    );
    return -1;
  }
}

/** Is this the address of a socket on this host (sd_notify(3))? */
export function namesManager(address: string | undefined): boolean {
  return address !== undefined && address.length > 1 && (address[0] === "/" || address[0] === "@");
}

/** Makes the socket, if there are a folder and a manager. The path goes through a descriptor, as in start_socket.ts. */
export function listenForNotify(folder: string | undefined, manager: number): Notify | undefined {
  if (folder === undefined || manager < 0) return undefined;
  const directory = openFolder(folder);
  try {
    const inside = notifyListen(`/proc/self/fd/${directory}/${SOCKET}`);
    return { inside, manager, names: PASSED_ON };
  } finally {
    closeFd(directory);
  }
}

/** Returns when the manager has the READY message, or the container has exited. */
export function awaitReady(notify: Notify | undefined, pid: number): void {
  if (notify) notifyWait(notify, pid);
}
