/** The processes of a container's cgroup: who they are, and ending them all. */
import { HostError } from "../errors.ts";
import { retry } from "./backoff.ts";
import { ENAMETOOLONG, ENODEV, ENOENT, EOPNOTSUPP, errnoOf, syscallError } from "./errors.ts";
import type { CgroupRecord } from "./path.ts";

const SIGKILL = 9;

/** A threaded v2 cgroup does not list processes, its domain above does; and see subtree(). */
const UNREADABLE = [EOPNOTSUPP, ENAMETOOLONG];

/**
 * The host's pids of all processes in the cgroup and its sub-cgroups, in any hierarchy. Empty when the cgroup is
 * gone. A process of a pid namespace that this process does not see is listed as 0.
 */
export function cgroupPids(record: CgroupRecord): number[] {
  const pids = new Set<number>();
  for (const { path } of record.directories) {
    for (const cgroup of subtree(path)) {
      for (const pid of readProcs(`${cgroup}/cgroup.procs`)) pids.add(pid);
    }
  }
  return [...pids];
}

/**
 * Sends the signal (1 to 31) to every process of the cgroup. SIGKILL is repeated until none is left, also to a paused
 * container, whose processes are thawed to die: where the kernel has it by cgroup.kill (5.14), which no fork escapes,
 * elsewhere with the v1 freezer to stop the forking. Another signal is sent once.
 * @param patience how long SIGKILL waits for the processes to be gone, in milliseconds.
 * @throws {HostError} when processes outlive it, which they do in an uninterruptible wait.
 */
export function killCgroup(record: CgroupRecord, signal = SIGKILL, patience = 5000): void {
  if (signal !== SIGKILL) {
    signalAll(cgroupPids(record), signal);
    return;
  }
  let left: number[] = [];
  const done = retry(patience, () => {
    if (!killByFile(record)) setFreezer(record, "FROZEN");
    signalAll(cgroupPids(record), SIGKILL);
    setFreezer(record, "THAWED");
    left = cgroupPids(record);
    return left.length === 0;
  });
  if (!done) {
    throw new HostError(
      `processes of the container outlive SIGKILL: ${left.slice(0, 10).join(", ")}`,
      "see /proc/PID/stack for what the kernel waits for",
    );
  }
}

/**
 * The directory and all below it, parents first. What disappears meanwhile is left out, and so is what a path cannot
 * name: below PATH_MAX bytes, or under names that are not UTF-8 (these come with U+FFFD, and nothing below them).
 */
export function* subtree(path: string): Generator<string> {
  yield path;
  let entries: Deno.DirEntry[];
  try {
    entries = [...Deno.readDirSync(path)];
  } catch (error) {
    if (isGone(error) || errnoOf(error) === ENAMETOOLONG) return;
    throw syscallError(`read ${path}`, error);
  }
  for (const entry of entries) if (entry.isDirectory) yield* subtree(`${path}/${entry.name}`);
}

function readProcs(file: string): number[] {
  try {
    return Deno.readTextFileSync(file).split("\n").filter(Boolean).map(Number);
  } catch (error) {
    if (isGone(error) || UNREADABLE.includes(errnoOf(error))) return [];
    throw syscallError(`read ${file}`, error);
  }
}

/** An open file of a removed cgroup answers ENODEV. */
function isGone(error: unknown): boolean {
  const errno = errnoOf(error);
  return errno === ENOENT || errno === ENODEV;
}

/** Not to 0, which would be our own process group. */
function signalAll(pids: readonly number[], signal: number): void {
  // 0 would be our own process group.
  for (const pid of pids.filter((pid) => pid > 0)) {
    try {
      // The types know names only; numbers up to 31 work, and spare a table.
      Deno.kill(pid, signal as unknown as Deno.Signal);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) {
        throw syscallError(`kill ${pid} with signal ${signal}`, error);
      }
    }
  }
}

function killByFile(record: CgroupRecord): boolean {
  const directory = record.directories.find(({ version }) => version === 2);
  return directory !== undefined && writeIfThere(`${directory.path}/cgroup.kill`, "1");
}

/** A sub-cgroup that was frozen by itself stays so when its parent thaws, hence the whole subtree. */
function setFreezer(record: CgroupRecord, state: "FROZEN" | "THAWED"): void {
  const directory = record.directories.find(({ controllers }) => controllers.includes("freezer"));
  if (directory === undefined) return;
  const cgroups = state === "FROZEN" ? [directory.path] : subtree(directory.path);
  for (const cgroup of cgroups) writeIfThere(`${cgroup}/freezer.state`, state);
}

function writeIfThere(file: string, value: string): boolean {
  try {
    Deno.writeTextFileSync(file, value, { create: false });
    return true;
  } catch (error) {
    if (isGone(error)) return false;
    throw syscallError(`write "${value}" to ${file}`, error);
  }
}
