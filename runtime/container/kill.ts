/** `kill`: a signal to a container's Init or to all its processes. */
import { thawToDie } from "../cgroup/life/freezer.ts";
import { cgroupPids, killCgroup, signalCgroup } from "../cgroup/life/kill.ts";
import { HostError, StateError, SyscallError } from "../common/errors.ts";
import type { StoredState } from "../state/container_state.ts";
import { liveStatus } from "../state/live_status.ts";
import { isUnlocked } from "../state/lock.ts";
import { loadState } from "../state/store.ts";
import { SIGKILL, signalInit } from "../stages/signal_init.ts";
import { answerOf, type Guest, GUEST_PATIENCE, runningGuest } from "./guest.ts";

const ALLOWED = ["created", "running", "paused"] as const;

/**
 * Sends the signal (0 to 64) to Init, with `all` to every process of the container's cgroup, whether Init lives or
 * not. SIGKILL also ends a paused container, and all of one whose Init's death leaves the others alive, as long as any is.
 * @throws {StateError} without `all`, when there is no Init.
 */
export function killContainer(root: string, id: string, signal: number, all: boolean): void {
  const state = loadState(root, id);
  const guest = signal === SIGKILL ? undefined : runningGuest(root, state);
  if (guest !== undefined) return signalGuest(guest, id, signal, all);
  if (all && state.cgroup) {
    if (signal === SIGKILL) killCgroup(state.cgroup);
    else signalCgroup(state.cgroup, signal);
    return;
  }
  const status = liveStatus(state, () => isUnlocked(root, id));
  if (status === "creating") throw new StateError(id, "kill", status, ALLOWED);
  const reached = status !== "stopped" && signalInit(state, signal);
  const others = signal === SIGKILL && killOthers(state);
  // It may have ended since we looked.
  if (!reached && !others) throw new StateError(id, "kill", "stopped", ALLOWED);
  // Signalled first, so that nothing of it runs in between.
  if (signal === SIGKILL && status === "paused" && state.cgroup) thawToDie(state.cgroup);
}

/** Of a container whose processes outlive its Init: false when there is none, or it has ended with Init. */
function killOthers({ sharesPids, cgroup }: StoredState): boolean {
  if (!sharesPids || !cgroup || cgroupPids(cgroup).length === 0) return false;
  killCgroup(cgroup);
  return true;
}

/** By the agent, which says that it has been done; to the VMM it would be on its way (helper-c/vmm/forward_signals.c). */
function signalGuest(guest: Guest, id: string, signal: number, all: boolean): void {
  try {
    if (answerOf(guest, "signal", { signal, all })) return;
  } catch (cause) {
    if (!(cause instanceof SyscallError)) throw cause;
    throw new HostError(
      `the guest of container ${id} did not take signal ${signal} in ${GUEST_PATIENCE / 1000} s`,
      `KILL ends it without asking it: kago kill ${id} KILL`,
      { cause },
    );
  }
  throw new StateError(id, "kill", "stopped", ALLOWED);
}
