/**
 * sd_notify(3) for containers: when kago is told of a service manager by NOTIFY_SOCKET, the program gets a socket of
 * kago's in its place, in a folder of the state that is bound into the container. What comes there is passed on while
 * kago stays, and otherwise until the program is ready (helper-c/shim/notify.h). Owns the names on both sides, and which words
 * of the program's are passed on.
 */
import { closeFd, openFolder } from "../../ffi/descriptors.ts";
import { type Notify, notifyConnect, notifyListen, notifyWait } from "../../ffi/processes.ts";
import type { Spec } from "../spec/spec.ts";

const SOCKET = "notify.sock";
/** In the container, as with runc. */
const INSIDE = "/run/notify";

/**
 * What a program may tell the manager. Nothing of descriptors and processes: pids are the container's there, and who is
 * the service's main process is not the program's to say.
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

/** The container has the folder as a mount; nobody else can get at it. */
export function makeNotifyFolder(folder: string): void {
  Deno.mkdirSync(folder);
  Deno.chmodSync(folder, 0o755);
}

/** The spec whose program finds the socket; unchanged without a folder. */
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
 * A socket that is connected to the service manager, by the value of NOTIFY_SOCKET; -1 when there is none, or it cannot
 * be reached: a container is not worth less for a variable that has outlived its service.
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

/** Is this a socket of this host (sd_notify(3))? */
export function namesManager(address: string | undefined): boolean {
  return address !== undefined && address.length > 1 && (address[0] === "/" || address[0] === "@");
}

/** Makes the socket, if there is a folder for it and a manager. Through a descriptor, as in start_socket.ts. */
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

/** Returns when the manager knows that the program is ready, or the container has ended. */
export function awaitReady(notify: Notify | undefined, pid: number): void {
  if (notify) notifyWait(notify, pid);
}
