/** `delete`: removes what a container left on the host, and with force ends it first. */
import type { CgroupDestroyer } from "../cgroup/drivers/destroy.ts";
import { HostError, NotFoundError, StateError } from "../common/errors.ts";
import { phase } from "../common/phases.ts";
import { removeResctrl } from "../resctrl/record.ts";
import { DamagedStateError, ociState, type StoredState } from "../state/container_state.ts";
import { liveStatus } from "../state/live_status.ts";
import { lockState, type StateLock } from "../state/lock.ts";
import { loadState, removeStateDir } from "../state/store.ts";
import { killInit } from "../stages/signal_init.ts";
import { hookEnv, runAllHooks } from "../stages/hooks.ts";
import { destroyerOf } from "./destroyer.ts";
import { removeSharedMounts } from "./shared_mounts.ts";

export type Warn = (message: string) => void;

/** Milliseconds that a killed process gets to end. */
const PATIENCE = 10_000;

/** The spec has an error for a container that is created; runc, crun and youki delete it, and engines rely on that. */
const DELETABLE: readonly string[] = ["created", "stopped"];

/**
 * Deletes a stopped or created container; with `force` any container, and none is fine too.
 * @throws {StateError} in another state, unless `force` is given.
 */
export async function deleteContainer(
  root: string,
  id: string,
  force: boolean,
  warn: Warn,
): Promise<void> {
  const destroy = await destroyerOf(peekState(root, id));
  try {
    using lock = lockState(root, id);
    const state = readState(root, id, force, lock);
    if (state) {
      const status = liveStatus(state, () => true);
      if (!force && !DELETABLE.includes(status)) {
        throw new StateError(id, "delete", status, DELETABLE);
      }
      removeStopped(root, state, destroy, warn);
    } else removeStateDir(root, id);
  } catch (error) {
    if (!(force && error instanceof NotFoundError)) throw error;
  }
}

/**
 * The end of `run`: its container's process has been reaped, and nothing need be read. Somebody else may have deleted
 * the container meanwhile, and even made another of that id.
 */
export async function deleteOwn(
  root: string,
  state: StoredState,
  lock: StateLock,
  warn: Warn,
): Promise<void> {
  using _lock = lock;
  const destroy = await destroyerOf(state);
  if (lock.relock()) removeAll(root, state, destroy, warn);
}

/** The end of `delete`, and of `checkpoint` when criu has ended the container; the caller has the lock. */
export function removeStopped(
  root: string,
  state: StoredState,
  destroy: CgroupDestroyer,
  warn: Warn,
): void {
  endInit(state);
  phase("container's process ended");
  removeAll(root, state, destroy, warn);
}

/** Of a container without an Init; processes that outlived it are in its cgroup. */
function removeAll(root: string, state: StoredState, destroy: CgroupDestroyer, warn: Warn): void {
  removeSharedMounts(state);
  if (state.cgroup) destroy(state.cgroup);
  phase("cgroup removed");
  if (state.resctrl) removeResctrl(state.resctrl);
  removeStateDir(root, state.id);
  phase("state removed");
  runPoststop(state, warn);
}

/** After the container is gone; their failures change nothing (runtime spec, "Lifecycle"). */
export function runPoststop(state: StoredState, warn: Warn): void {
  if (!state.hooks?.poststop?.length) return;
  runAllHooks("poststop", state.hooks, ociState(state, "stopped"), hookEnv(), warn);
}

function endInit(state: StoredState): void {
  if (killInit(state, PATIENCE)) return;
  throw new HostError(
    `process ${state.pid} of container ${state.id} does not end`,
    "it is in an uninterruptible sleep; see the kernel's log",
  );
}

/** The state as it is without the lock; whatever is wrong with it is said when it is read under the lock. */
export function peekState(root: string, id: string): StoredState | undefined {
  try {
    return loadState(root, id);
  } catch {
    return undefined;
  }
}

/** A state that cannot be read has nothing to tell of what to remove but its own folder. */
function readState(
  root: string,
  id: string,
  force: boolean,
  lock: StateLock,
): StoredState | undefined {
  try {
    return loadState(root, id, lock);
  } catch (error) {
    if (force && error instanceof DamagedStateError) return undefined;
    throw error;
  }
}
