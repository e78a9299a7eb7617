/** `pause` and `resume`: freeze and thaw a container's cgroup. Nothing is stored: the kernel has the state. */
import { freeze, hasFreezer, thaw } from "../cgroup/life/freezer.ts";
import type { CgroupRecord } from "../cgroup/path.ts";
import { HostError, StateError } from "../common/errors.ts";
import type { StoredState } from "../state/container_state.ts";
import { liveStatus } from "../state/live_status.ts";
import { isUnlocked, lockState } from "../state/lock.ts";
import { loadState } from "../state/store.ts";

/** Milliseconds that the kernel gets to freeze a container. */
const PATIENCE = 10_000;

/**
 * Freezes a created or running container, and returns when all its processes are frozen.
 * @throws {StateError} in any other state; {HostError} when the container cannot be frozen, and continues.
 */
export function pauseContainer(root: string, id: string): void {
  // Locked, so that `start` is not waiting for Init's answer, which a frozen Init would not give.
  using lock = lockState(root, id);
  const state = loadState(root, id, lock);
  const status = liveStatus(state, () => true);
  if (status !== "created" && status !== "running") {
    throw new StateError(id, "pause", status, ["created", "running"]);
  }
  if (freeze(cgroupOf(state, "pause"), PATIENCE)) return;
  throw new HostError(
    `container ${id} did not freeze, so it was resumed`,
    "look for a process in uninterruptible sleep in /proc/PID/stack, and try again",
  );
}

/**
 * Thaws a paused container. It takes no lock: the holder of the lock may be waiting for the container.
 * @throws {StateError} when it is not paused.
 */
export function resumeContainer(root: string, id: string): void {
  const state = loadState(root, id);
  const status = liveStatus(state, () => isUnlocked(root, id));
  if (status !== "paused") throw new StateError(id, "resume", status, ["paused"]);
  thaw(cgroupOf(state, "resume"));
}

function cgroupOf({ id, cgroup }: StoredState, operation: string): CgroupRecord {
  if (cgroup && hasFreezer(cgroup)) return cgroup;
  throw new HostError(
    `cannot ${operation} container ${id}: ` +
      (cgroup ? "no cgroup hierarchy has the freezer" : "it has no cgroup of its own"),
    cgroup ? "mount the freezer controller" : "create it with a cgroup manager",
  );
}
