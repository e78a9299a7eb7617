/** `delete`: removes what a container left on the host; with `force` kills it first. */
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

/** Milliseconds that a killed process gets to exit. */
const PATIENCE = 10_000;

/** The spec requires an error for a created container; runc, crun and youki delete it, and engines rely on that. */
const DELETABLE: readonly string[] = ["created", "stopped"];

/**
 * Deletes a stopped or created container; with `force` a container in any state, and a missing one is no error.
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
 * The end of `run`: the container's process has been reaped, so no state need be read. Another process may have deleted the
 * container meanwhile, and may have created another with the same id.
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

/** The end of `delete`, and of `checkpoint` when criu has killed the container; the caller holds the lock. */
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

/** For a container without a live Init; processes that outlived Init are in its cgroup. */
function removeAll(root: string, state: StoredState, destroy: CgroupDestroyer, warn: Warn): void {
  removeSharedMounts(state);
  if (state.cgroup) destroy(state.cgroup);
  phase("cgroup removed");
  if (state.resctrl) removeResctrl(state.resctrl);
  removeStateDir(root, state.id);
  phase("state removed");
  runPoststop(state, warn);
}

/** Runs after the container is gone; failures of these hooks are only warnings (runtime spec, "Lifecycle"). */
export function runPoststop(state: StoredState, warn: Warn): void {
  if (!state.hooks?.poststop?.length) return;
  runAllHooks("poststop", state.hooks, ociState(state, "stopped"), hookEnv(), warn);
}

function endInit(state: StoredState): void {
  if (killInit(state, PATIENCE)) return;
  throw new HostError(
    `process ${state.pid} of container ${state.id} does not end`,
    "it is in an uninterruptible sleep (see the kernel's log), or a process that exec started in it is a zombie that " +
      "its parent, such as the host's process 1, does not reap",
  );
}

/** The state, read without the lock; errors are reported when it is read again under the lock. */
export function peekState(root: string, id: string): StoredState | undefined {
  try {
    return loadState(root, id);
  } catch {
    return undefined;
  }
}

/** If the state cannot be read, only the state folder itself can be removed. */
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
