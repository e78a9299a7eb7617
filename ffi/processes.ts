/** The shim's functions for processes: waiting for them, signals, and words of theirs that are passed on. */
import { call, checked, cString } from "./shim_call.ts";
import { EINVAL, ESRCH } from "../runtime/common/errno.ts";

export interface ExitStatus {
  readonly code?: number;
  readonly signal?: number;
}

function exitStatus(status: number): ExitStatus {
  const signal = status & 0x7f;
  return signal === 0 ? { code: (status >> 8) & 0xff } : { signal };
}

/** How many processors this process may run on: its affinity, as its cpuset allows (sched_getaffinity(2)). */
export function processors(): number {
  return checked(call("processors", []), "sched_getaffinity");
}

/** RLIM_NLIMITS of every architecture. */
const LIMITS = 16;

/** This process's limits, by their numbers in setrlimit(2). */
export function ownLimits(): { resource: number; soft: bigint; hard: bigint }[] {
  const bytes = new Uint8Array(16 * LIMITS);
  const count = checked(call("limits", [], bytes), "prlimit");
  const values = new BigUint64Array(bytes.buffer);
  return Array.from({ length: count }, (_, resource) => ({
    resource,
    soft: values[2 * resource]!,
    hard: values[2 * resource + 1]!,
  }));
}

/** Waits for a child (waitpid(2)). */
export function waitForChild(pid: number): ExitStatus {
  return exitStatus(checked(call("wait", [pid]), `wait for process ${pid}`));
}

/** Is the process a child of this one that has not been waited for? */
export function isChild(pid: number): boolean {
  return call("is_child", [pid]) === 1;
}

/**
 * From here on signals wait for waitInForeground(), which forwards them: one that comes while the child is started must
 * not end us and leave it behind.
 * @param subreaper whether orphans of the child are to be our children, reaped while we wait.
 */
export function catchSignals(subreaper: boolean): void {
  checked(call("catch_signals", [subreaper ? 1 : 0]), "catch signals");
}

/** Ways for sd_notify(3): the socket that the container's program sends to, and one that is connected to the manager's. */
export interface Notify {
  readonly inside: number;
  readonly manager: number;
  /** The variables that are passed on. */
  readonly names: readonly string[];
}

const NOTHING: Notify = { inside: -1, manager: -1, names: [] };

/** As helper-c/shim/notify.h has the names. */
function namesText(names: readonly string[]): Uint8Array<ArrayBuffer> {
  return cString(names.map((name) => `${name}=`).join(" "));
}

/**
 * Waits for a child, forwarding signals to it, relaying the terminal `master` unless that is -1, and passing on what its
 * program tells the service manager.
 */
export function waitInForeground(pid: number, master: number, notify = NOTHING): ExitStatus {
  const { inside, manager, names } = notify;
  const status = call("foreground", [pid, master, inside, manager], namesText(names));
  return exitStatus(checked(status, `wait for process ${pid}`));
}

/** A socket that is connected to the service manager's, by an address as in NOTIFY_SOCKET. */
export function notifyConnect(address: string): number {
  return checked(call("notify_connect", [], cString(address)), `connect to ${address}`);
}

/** A socket that everybody may send to. */
export function notifyListen(path: string): number {
  return checked(call("notify_listen", [], cString(path)), `bind ${path}`);
}

/** Passes on what the program tells the service manager until it says that it is ready; false when it ends before. */
export function notifyWait({ inside, manager, names }: Notify, pid: number): boolean {
  const result = call("notify_wait", [inside, manager, pid], namesText(names));
  return checked(result, `wait for process ${pid}`) === 1;
}

/** Gives the terminal `master` the window size of this process's own, if it has one. */
export function copyWindowSize(master: number): void {
  call("copy_window_size", [master]);
}

/** A handle on a process that a recycled pid cannot fool; undefined when there is no such process. */
export function openPidfd(pid: number): number | undefined {
  const fd = call("pidfd_open", [pid]);
  // EINVAL: the number is a thread's by now.
  return fd === -ESRCH || fd === -EINVAL ? undefined : checked(fd, `pidfd_open ${pid}`);
}

/** False when the process has ended. */
export function signalPidfd(pidfd: number, signal: number): boolean {
  const result = call("pidfd_send_signal", [pidfd, signal]);
  if (result === -ESRCH) return false;
  checked(result, `pidfd_send_signal ${signal}`);
  return true;
}

/** True when the process ends within `timeoutMs`. */
export function waitPidfd(pidfd: number, timeoutMs: number): boolean {
  return checked(call("pidfd_wait", [pidfd, timeoutMs]), "poll of a pidfd") > 0;
}
