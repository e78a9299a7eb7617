/** The processes of a container's cgroup: who they are, signalling and ending them all. */
import { closeFd } from "../../../ffi/descriptors.ts";
import { openPidfd, signalPidfd } from "../../../ffi/processes.ts";
import { HostError, SyscallError } from "../../common/errors.ts";
import { retry } from "../backoff.ts";
import { readProcs, subtree, writeIfThere } from "../files.ts";
import { freeze, isFrozen, stopForking, thaw, thawToDie } from "./freezer.ts";
import type { CgroupRecord } from "../path.ts";

const SIGKILL = 9;

/** Milliseconds that a cgroup gets to stand still before it is signalled all the same. */
const FREEZE_PATIENCE = 2000;

/**
 * The host's pids of all processes in the cgroup and its sub-cgroups, in any hierarchy. Empty when the cgroup is
 * gone. A process of a pid namespace that this process does not see is listed as 0.
 */
export function cgroupPids(record: CgroupRecord): number[] {
  const pids = new Set<number>();
  for (const { path } of record.directories) {
    for (const cgroup of subtree(path)) {
      for (const pid of readProcs(cgroup)) pids.add(pid);
    }
  }
  return [...pids];
}

/**
 * Sends the signal to every process of the cgroup, once. They are frozen meanwhile, so that none forks a child that
 * hears nothing and no pid becomes another process's; a paused container stays paused.
 */
export function signalCgroup(record: CgroupRecord, signal: number): void {
  if (cgroupPids(record).length === 0) return;
  const thawAfter = !isFrozen(record) && standsStill(record);
  try {
    signalAll(cgroupPids(record), signal);
  } finally {
    if (thawAfter) thaw(record);
  }
}

/** Whether it could be frozen; where the kernel refuses that, nothing is frozen, and what forks may be missed. */
function standsStill(record: CgroupRecord): boolean {
  try {
    return freeze(record, FREEZE_PATIENCE);
  } catch (error) {
    if (error instanceof SyscallError) return false;
    throw error;
  }
}

/**
 * Kills every process of the cgroup until none is left, also those of a paused container: where the kernel has it by
 * cgroup.kill (5.14), which no fork escapes, elsewhere with the freezer to stop the forking.
 * @param patience how long to wait for the processes to be gone, in milliseconds.
 * @throws {HostError} when processes outlive it, which they do in an uninterruptible wait.
 */
export function killCgroup(record: CgroupRecord, patience = 5000): void {
  let left: number[] = [];
  let again = false;
  const done = retry(patience, () => {
    // cgroup.kill misses what has left the v2 directory of a hybrid host for another.
    if (!killByFile(record) || again) stopForking(record);
    again = true;
    signalAll(cgroupPids(record), SIGKILL);
    thawToDie(record);
    left = cgroupPids(record);
    return left.length === 0;
  });
  if (!done) {
    throw new HostError(
      `processes of the container survive SIGKILL: ${left.slice(0, 10).join(", ")}`,
      "see /proc/PID/stack for what the kernel waits for",
    );
  }
}

/** By pidfd, since Deno.kill() knows no real-time signals. Not to 0, which stands for a process out of sight. */
function signalAll(pids: readonly number[], signal: number): void {
  for (const pid of pids.filter((pid) => pid > 0)) {
    const pidfd = openPidfd(pid);
    if (pidfd === undefined) continue;
    try {
      signalPidfd(pidfd, signal);
    } finally {
      closeFd(pidfd);
    }
  }
}

function killByFile(record: CgroupRecord): boolean {
  const directory = record.directories.find(({ version }) => version === 2);
  return directory !== undefined && writeIfThere(`${directory.path}/cgroup.kill`, "1");
}
