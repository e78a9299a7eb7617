/** `kill`: sends a signal to a container's Init or to all its processes. */
import { loadAgent } from "../../executors/registry.ts";
import { thawToDie } from "../cgroup/life/freezer.ts";
import { cgroupPids, killCgroup, signalCgroup } from "../cgroup/life/kill.ts";
import { StateError } from "../common/errors.ts";
import type { StoredState } from "../state/container_state.ts";
import { liveStatus } from "../state/live_status.ts";
import { isUnlocked } from "../state/lock.ts";
import { loadState } from "../state/store.ts";
import { SIGKILL, signalInit } from "../stages/signal_init.ts";

const ALLOWED = ["created", "running", "paused"] as const;

/**
 * Sends the signal (0 to 64) to Init; with `all` to every process of the container's cgroup, even if Init has exited.
 * SIGKILL also kills a paused container. If a container's processes outlive its Init, SIGKILL kills all that are left. A
 * container with an agent gets other signals from the agent.
 * @throws {StateError} without `all`, when there is no Init.
 * @throws {HostError} when the agent does not accept the signal.
 */
export async function killContainer(
  root: string,
  id: string,
  signal: number,
  all: boolean,
): Promise<void> {
  const state = loadState(root, id);
  const statusOf = () => liveStatus(state, () => isUnlocked(root, id));
  if (state.agent && signal !== SIGKILL && statusOf() === "running") {
    const agent = await loadAgent(state);
    if (agent.signal({ state, stateFolder: `${root}/${id}` }, signal, all)) return;
    throw new StateError(id, "kill", "stopped", ALLOWED);
  }
  if (all && state.cgroup) {
    if (signal === SIGKILL) killCgroup(state.cgroup);
    else signalCgroup(state.cgroup, signal);
    return;
  }
  const status = statusOf();
  if (status === "creating") throw new StateError(id, "kill", status, ALLOWED);
  const reached = status !== "stopped" && signalInit(state, signal);
  const others = signal === SIGKILL && killOthers(state);
  // Init may have exited since the status was read.
  if (!reached && !others) throw new StateError(id, "kill", "stopped", ALLOWED);
  // The signal is sent before the thaw, so that no process runs in between.
  if (signal === SIGKILL && status === "paused" && state.cgroup) thawToDie(state.cgroup);
}

/** For a container whose processes outlive its Init: false when none is left. */
function killOthers({ sharesPids, cgroup }: StoredState): boolean {
  if (!sharesPids || !cgroup || cgroupPids(cgroup).length === 0) return false;
  killCgroup(cgroup);
  return true;
}
