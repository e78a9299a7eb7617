/** Signals to a container's Init that a recycled pid cannot lead astray. */
import { closeFd } from "../../ffi/descriptors.ts";
import { openPidfd, signalPidfd, waitPidfd } from "../../ffi/processes.ts";
import { thawToDie } from "../cgroup/freezer.ts";
import type { StoredState } from "../state/container_state.ts";
import { processStartTime } from "../state/live_status.ts";

/**
 * A descriptor of Init, or undefined when it has ended. It is checked after it was opened: from then on it cannot
 * mean another process.
 */
export function openInit({ pid, pidStartTime }: StoredState): number | undefined {
  if (pid <= 0) return undefined;
  const pidfd = openPidfd(pid);
  if (pidfd === undefined) return undefined;
  if (processStartTime(pid) === pidStartTime) return pidfd;
  closeFd(pidfd);
  return undefined;
}

/** Sends a signal to Init; false when it has ended. */
export function signalInit(state: StoredState, signal: number): boolean {
  const pidfd = openInit(state);
  if (pidfd === undefined) return false;
  try {
    return signalPidfd(pidfd, signal);
  } finally {
    closeFd(pidfd);
  }
}

export const SIGKILL = 9;

/** Kills Init, paused or not, and waits until it has ended; false when it does not within `patience` milliseconds. */
export function killInit(state: StoredState, patience: number): boolean {
  const pidfd = openInit(state);
  if (pidfd === undefined) return true;
  try {
    signalPidfd(pidfd, SIGKILL);
    if (state.cgroup) thawToDie(state.cgroup);
    return waitPidfd(pidfd, patience);
  } finally {
    closeFd(pidfd);
  }
}

/** Waits until Init, which is about to end, has ended; false when it does not within `patience` milliseconds. */
export function awaitInit(state: StoredState, patience: number): boolean {
  const pidfd = openInit(state);
  if (pidfd === undefined) return true;
  try {
    return waitPidfd(pidfd, patience);
  } finally {
    closeFd(pidfd);
  }
}
