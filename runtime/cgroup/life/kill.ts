/** The processes of a container's cgroup: lists, signals and kills them. */
import { closeFd } from "../../../ffi/descriptors.ts";
import { openPidfd, signalPidfd } from "../../../ffi/processes.ts";
import { HostError, SyscallError } from "../../common/errors.ts";
import { retry } from "../backoff.ts";
import { readProcs, subtree, writeIfThere } from "../files.ts";
import { freeze, isFrozen, stopForking, thaw, thawToDie } from "./freezer.ts";
import type { CgroupRecord } from "../path.ts";

const SIGKILL = 9;

/** Milliseconds that a cgroup gets to freeze before it is signalled anyway. */
const FREEZE_PATIENCE = 2000;

/**
 * The host's pids of all processes in the cgroup and its sub-cgroups, in any hierarchy. Empty when the cgroup is gone. A
 * process in a pid namespace that this process cannot see is listed as 0.
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
 * Sends the signal to every process of the cgroup, once. They are frozen meanwhile, so that no forked child is missed and
 * no pid is reused; a paused container stays paused.
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

/** Freezes the cgroup, if possible; otherwise new children may be missed. */
function standsStill(record: CgroupRecord): boolean {
  try {
    return freeze(record, FREEZE_PATIENCE);
  } catch (error) {
    if (error instanceof SyscallError) return false;
    throw error;
  }
}

/**
 * Kills every process of the cgroup until none is left, also those of a paused container: with cgroup.kill (Linux 5.14),
 * from which no fork escapes, otherwise with the freezer to stop forking.
 * @param patience how long to wait until the processes are gone, in milliseconds.
 * @throws {HostError} when processes survive, as in an uninterruptible wait.
 */
export function killCgroup(record: CgroupRecord, patience = 5000): void {
  let left: number[] = [];
  let again = false;
  const done = retry(patience, () => {
    // On a hybrid host, cgroup.kill misses processes that have left the v2 directory for another.
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

/** By pidfd, since Deno.kill() does not know real-time signals. A pid of 0, a process that is not visible, is skipped. */
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
