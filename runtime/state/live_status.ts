/** The current status of a container, from its stored state, /proc and its cgroup. Read-only. */
import { ESRCH } from "../common/errno.ts";
import { isFrozen } from "../cgroup/life/freezer.ts";
import { errnoOf } from "../common/errors.ts";
import type { Status, StoredState } from "./container_state.ts";

/**
 * The current status: the stored one is valid only while Init lives. A zombie counts as dead for the spec ("the container
 * process has exited"), and a process that got Init's pid later is not Init.
 *
 * A container that is `creating` has no process to examine, but its creator holds its lock. If the lock is free, the
 * creator was killed and the container will never be complete; `stopped` lets delete remove it.
 *
 * Only the cgroup shows whether it is paused: other programs may freeze it as well, and a killed `pause` stores nothing.
 * @param isCreatorGone called for `creating` only: isUnlocked() of lock.ts, or `() => true` if the caller holds the lock.
 */
export function liveStatus(stored: StoredState, isCreatorGone: () => boolean): Status {
  if (stored.status === "stopped") return "stopped";
  if (stored.status === "creating") return isCreatorGone() ? "stopped" : "creating";
  const alive = stored.pid > 0 && processStartTime(stored.pid) === stored.pidStartTime;
  if (!alive) return "stopped";
  return stored.cgroup && isFrozen(stored.cgroup) ? "paused" : stored.status;
}

/**
 * The start time of a live process in clock ticks since boot, field 22 of /proc/PID/stat (proc_pid_stat(5)). undefined for
 * no process, and for a zombie, including a process of which only the first thread has exited.
 */
export function processStartTime(pid: number): string | undefined {
  let stat: string;
  try {
    stat = Deno.readTextFileSync(`/proc/${pid}/stat`);
  } catch (error) {
    // ESRCH if it exits between open and read.
    if (error instanceof Deno.errors.NotFound || errnoOf(error) === ESRCH) return undefined;
    throw error;
  }
  return parseStartTime(stat);
}

/** As processStartTime(), from the text of /proc/PID/stat. */
export function parseStartTime(stat: string): string | undefined {
  // The process chooses its name, which may contain spaces and parentheses; the later fields have none.
  const [state, ...fields] = stat.slice(stat.lastIndexOf(")") + 2).split(" ", 22 - 2);
  // Field 3 is the state; X is a dead process, visible only briefly.
  if (state === "Z" || state === "X" || state === "x") return undefined;
  return fields[22 - 4];
}
