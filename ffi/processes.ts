/** The shim's functions for processes: waiting for them, signals, and passing on their messages. */
import { call, checked, cString } from "./shim_call.ts";
import { ESRCH } from "../runtime/common/errno.ts";

export interface ExitStatus {
  readonly code?: number;
  readonly signal?: number;
}

function exitStatus(status: number): ExitStatus {
  const signal = status & 0x7f;
  return signal === 0 ? { code: (status >> 8) & 0xff } : { signal };
}

/** The number of processors available to this process: its affinity, within its cpuset (sched_getaffinity(2)). */
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

/** Is the process an unreaped child of this one? */
export function isChild(pid: number): boolean {
  return call("is_child", [pid]) === 1;
}

/**
 * From here on signals are kept for waitInForeground(), which forwards them: one that arrives while the child is started
 * must not kill kago and leave the child behind.
 * @param subreaper whether orphans of the child become children of this process, which reaps them while it waits.
 */
export function catchSignals(subreaper: boolean): void {
  checked(call("catch_signals", [subreaper ? 1 : 0]), "catch signals");
}

/** Sockets for sd_notify(3): the container's program sends to one, the other is connected to the service manager. */
export interface Notify {
  readonly inside: number;
  readonly manager: number;
  /** The names of the variables that are passed on. */
  readonly names: readonly string[];
}

const NOTHING: Notify = { inside: -1, manager: -1, names: [] };

/** In the format of helper-c/shim/notify.h. */
function namesText(names: readonly string[]): Uint8Array<ArrayBuffer> {
  return cString(names.map((name) => `${name}=`).join(" "));
}

/**
 * Waits for a child, forwards signals to it, relays the terminal `master` unless that is -1, and passes on its program's
 * messages to the service manager.
 */
export function waitInForeground(pid: number, master: number, notify = NOTHING): ExitStatus {
  const { inside, manager, names } = notify;
  const status = call("foreground", [pid, master, inside, manager], namesText(names));
  return exitStatus(checked(status, `wait for process ${pid}`));
}

/** A socket connected to the service manager, by an address as in NOTIFY_SOCKET. */
export function notifyConnect(address: string): number {
  return checked(call("notify_connect", [], cString(address)), `connect to ${address}`);
}

/** A socket to which every user may send. */
export function notifyListen(path: string): number {
  return checked(call("notify_listen", [], cString(path)), `bind ${path}`);
}

/** Passes on the program's messages to the service manager until it is ready; false when it exits before. */
export function notifyWait({ inside, manager, names }: Notify, pid: number): boolean {
  const result = call("notify_wait", [inside, manager, pid], namesText(names));
  return checked(result, `wait for process ${pid}`) === 1;
}

/** Sets the window size of the terminal `master` to that of this process's own, if it has one. */
export function copyWindowSize(master: number): void {
  call("copy_window_size", [master]);
}

/** A pidfd, which is safe against pid reuse; undefined when there is no such process. */
export function openPidfd(pid: number): number | undefined {
  const fd = call("pidfd_open", [pid]);
  return fd === -ESRCH ? undefined : checked(fd, `pidfd_open ${pid}`);
}

/** False when the process has exited. */
export function signalPidfd(pidfd: number, signal: number): boolean {
  const result = call("pidfd_send_signal", [pidfd, signal]);
  if (result === -ESRCH) return false;
  checked(result, `pidfd_send_signal ${signal}`);
  return true;
}

/** True when the process exits within `timeoutMs`. */
export function waitPidfd(pidfd: number, timeoutMs: number): boolean {
  return checked(call("pidfd_wait", [pidfd, timeoutMs]), "poll of a pidfd") > 0;
}
