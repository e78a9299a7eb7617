/**
 * Stopping all processes of a cgroup at once and letting them go on: v1's freezer (admin-guide/cgroup-v1/
 * freezer-subsystem.rst), else v2's cgroup.freeze. Killing them is kill.ts's.
 */
import { retry, sleep } from "../backoff.ts";
import { syscallError } from "../errors.ts";
import { isGone, subtree, writeIfThere } from "../files.ts";
import { moveRecoveryThreads } from "./kernel_threads.ts";
import type { CgroupDirectory, CgroupRecord } from "../path.ts";

/** Which file takes what; a record without a v1 freezer and a v2 directory has none. */
interface Freezer {
  readonly version: 1 | 2;
  readonly path: string;
  readonly mountPoint: string;
  readonly file: string;
  readonly frozen: string;
  readonly thawed: string;
}

const FILES = {
  1: { file: "freezer.state", frozen: "FROZEN", thawed: "THAWED" },
  2: { file: "cgroup.freeze", frozen: "1", thawed: "0" },
} as const;

function freezerOf({ directories }: CgroupRecord): Freezer | undefined {
  const found = v1Freezer(directories) ?? directories.find(({ version }) => version === 2);
  if (!found) return undefined;
  const { version, path, mountPoint } = found;
  return { version, path, mountPoint, ...FILES[version] };
}

function v1Freezer(directories: readonly CgroupDirectory[]): CgroupDirectory | undefined {
  return directories.find((d) => d.version === 1 && d.controllers.includes("freezer"));
}

/** The folder that freezes the cgroup, v1's freezer's, else v2's, and which of them it is. */
export function freezerFolder(
  record: CgroupRecord,
): { readonly version: 1 | 2; readonly path: string } | undefined {
  return freezerOf(record);
}

export function hasFreezer(record: CgroupRecord): boolean {
  return freezerOf(record) !== undefined;
}

/**
 * Whether the cgroup itself was told to freeze and not to thaw since. It is asked for the order, not for its outcome:
 * so a container whose `pause` was killed half way counts as paused, and `resume` takes it. One that is frozen with a
 * cgroup above it does not count (as with runc), for its own resume would not wake it. False when the cgroup is gone.
 */
export function isFrozen(record: CgroupRecord): boolean {
  const freezer = freezerOf(record);
  if (!freezer) return false;
  const file = freezer.version === 1 ? "freezer.self_freezing" : "cgroup.freeze";
  try {
    return Deno.readTextFileSync(`${freezer.path}/${file}`).startsWith("1");
  } catch (error) {
    if (isGone(error)) return false;
    throw syscallError(`read ${freezer.path}/${file}`, error);
  }
}

/**
 * Freezes the cgroup and returns when all its processes stand still. When they do not within `patience` milliseconds,
 * which happens with a process in an uninterruptible wait, the cgroup is thawed again and the result is false.
 * @throws {SyscallError} when the kernel refuses, or the cgroup is gone.
 */
export function freeze(record: CgroupRecord, patience: number): boolean {
  const freezer = freezerOf(record);
  if (!freezer) return false;
  let frozen = false;
  try {
    frozen = freezer.version === 1 ? freezeV1(freezer, patience) : freezeV2(freezer, patience);
  } finally {
    if (!frozen) writeIfThere(`${freezer.path}/${freezer.file}`, freezer.thawed);
  }
  return frozen;
}

/** Lets the cgroup's processes go on. Sub-cgroups that were frozen by themselves stay so. */
export function thaw(record: CgroupRecord): void {
  const freezer = freezerOf(record);
  if (freezer) write(freezer, freezer.thawed);
}

/**
 * v1 gets stuck in FREEZING when a process forks or joins just then, however long one waits; writing FROZEN once more
 * goes on from there, and thawing now and then lets what got in the way pass (opencontainers/runc#2774).
 */
function freezeV1(freezer: Freezer, patience: number): boolean {
  const deadline = performance.now() + patience;
  for (let attempt = 1;; attempt++) {
    const last = performance.now() >= deadline;
    write(freezer, freezer.frozen);
    if (Deno.readTextFileSync(`${freezer.path}/${freezer.file}`).startsWith("FROZEN")) return true;
    if (last) return false;
    if (attempt % 50 === 0) {
      write(freezer, freezer.thawed);
      sleep(10);
    } else if (attempt > 10) sleep(1);
  }
}

/**
 * The write is an order; cgroup.events tells when it is carried out (admin-guide/cgroup-v2.rst, "cgroup.freeze"), which it
 * never is while a thread of the kernel is among the processes.
 */
function freezeV2(freezer: Freezer, patience: number): boolean {
  const events = `${freezer.path}/cgroup.events`;
  const obeyed = () => /^frozen 1$/m.test(Deno.readTextFileSync(events));
  write(freezer, freezer.frozen);
  if (retry(Math.min(patience, USUALLY_FROZEN), obeyed)) return true;
  if (moveRecoveryThreads(freezer.path, freezer.mountPoint)) {
    // It is counted anew who stands still when the order is given anew.
    write(freezer, freezer.thawed);
    write(freezer, freezer.frozen);
  }
  return retry(patience, obeyed);
}

/** Milliseconds. */
const USUALLY_FROZEN = 50;

function write({ path, file }: Freezer, value: string): void {
  try {
    Deno.writeTextFileSync(`${path}/${file}`, value, { create: false });
  } catch (error) {
    throw syscallError(`write "${value}" to ${path}/${file}`, error);
  }
}

/** Orders a freeze and does not wait for it: what is about to be killed shall fork no more. */
export function stopForking(record: CgroupRecord): void {
  const freezer = freezerOf(record);
  if (freezer) writeIfThere(`${freezer.path}/${freezer.file}`, freezer.frozen);
}

/**
 * Thaws the cgroup for its killed processes: a process that v1 has frozen dies only when it is thawed. Frozen
 * sub-cgroups are thawed too. On v2 SIGKILL needs no thaw, but what stopForking() did is undone.
 */
export function thawToDie(record: CgroupRecord): void {
  const freezer = freezerOf(record);
  if (!freezer) return;
  const cgroups = freezer.version === 1 ? subtree(freezer.path) : [freezer.path];
  for (const cgroup of cgroups) writeIfThere(`${cgroup}/${freezer.file}`, freezer.thawed);
}
