/** What a container's status is now, from its stored state, /proc and its cgroup. It changes nothing. */
import { ESRCH } from "../common/errno.ts";
import { isFrozen } from "../cgroup/life/freezer.ts";
import { errnoOf } from "../common/errors.ts";
import type { Status, StoredState } from "./container_state.ts";

/**
 * The status that holds at this moment: a stored one stays true only as long as Init lives. A zombie is dead to the
 * spec ("the container process has exited"), and a process that was given Init's pid later is not Init.
 *
 * A container that is `creating` has no process to look at, but its creator holds its lock. Where the lock is free
 * the creator was killed, nobody will finish the container, and `stopped` lets delete remove it.
 *
 * Whether it is paused is the cgroup's to say: others may freeze it as well, and a killed `pause` stores nothing.
 * @param isCreatorGone asked for `creating` only: isUnlocked() of lock.ts, or `() => true` of a caller that has the
 * lock.
 */
export function liveStatus(stored: StoredState, isCreatorGone: () => boolean): Status {
  if (stored.status === "stopped") return "stopped";
  if (stored.status === "creating") return isCreatorGone() ? "stopped" : "creating";
  const alive = stored.pid > 0 && processStartTime(stored.pid) === stored.pidStartTime;
  if (!alive) return "stopped";
  return stored.cgroup && isFrozen(stored.cgroup) ? "paused" : stored.status;
}

/**
 * The start time of a live process in clock ticks since boot, field 22 of /proc/PID/stat (proc_pid_stat(5)).
 * undefined when there is none, or only its zombie. A process whose first thread alone has ended counts as one.
 */
export function processStartTime(pid: number): string | undefined {
  let stat: string;
  try {
    stat = Deno.readTextFileSync(`/proc/${pid}/stat`);
  } catch (error) {
    // ESRCH comes when it ends between open and read.
    if (error instanceof Deno.errors.NotFound || errnoOf(error) === ESRCH) return undefined;
    throw error;
  }
  return parseStartTime(stat);
}

/** As processStartTime(), from the text of /proc/PID/stat. */
export function parseStartTime(stat: string): string | undefined {
  // The name is the process's own choice and may hold spaces and parentheses; nothing after it does.
  const [state, ...fields] = stat.slice(stat.lastIndexOf(")") + 2).split(" ", 22 - 2);
  // Field 3 is the state; X is a dead process that is not to be seen for long.
  if (state === "Z" || state === "X" || state === "x") return undefined;
  return fields[22 - 4];
}
