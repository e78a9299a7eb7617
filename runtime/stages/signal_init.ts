/** Signals to a container's Init, safe against pid reuse. */
import { closeFd } from "../../ffi/descriptors.ts";
import { openPidfd, signalPidfd, waitPidfd } from "../../ffi/processes.ts";
import { thawToDie } from "../cgroup/life/freezer.ts";
import type { StoredState } from "../state/container_state.ts";
import { processStartTime } from "../state/live_status.ts";

/**
 * A pidfd of Init, or undefined when it has exited. The start time is checked after the pidfd is opened: from then on it
 * cannot refer to another process.
 */
export function openInit({ pid, pidStartTime }: StoredState): number | undefined {
  if (pid <= 0) return undefined;
  const pidfd = openPidfd(pid);
  if (pidfd === undefined) return undefined;
  if (processStartTime(pid) === pidStartTime) return pidfd;
  closeFd(pidfd);
  return undefined;
}

/** The result of `use` with a pidfd of Init, or `otherwise` when Init has exited. */
function withInit(
  state: StoredState,
  otherwise: boolean,
  use: (pidfd: number) => boolean,
): boolean {
  const pidfd = openInit(state);
  if (pidfd === undefined) return otherwise;
  try {
    return use(pidfd);
  } finally {
    closeFd(pidfd);
  }
}

/** Sends a signal to Init; false when it has exited. */
export function signalInit(state: StoredState, signal: number): boolean {
  return withInit(state, false, (pidfd) => signalPidfd(pidfd, signal));
}

export const SIGKILL = 9;

/** Kills Init, paused or not, and waits until it has exited; false if that takes longer than `patience` milliseconds. */
export function killInit(state: StoredState, patience: number): boolean {
  return withInit(state, true, (pidfd) => {
    signalPidfd(pidfd, SIGKILL);
    if (state.cgroup) thawToDie(state.cgroup);
    return waitPidfd(pidfd, patience);
  });
}

/** Waits until Init, which is about to exit, has exited; false if that takes longer than `patience` milliseconds. */
export function awaitInit(state: StoredState, patience: number): boolean {
  return withInit(state, true, (pidfd) => waitPidfd(pidfd, patience));
}
