/**
 * Freezes and thaws all processes of a cgroup: by v1's freezer (admin-guide/cgroup-v1/freezer-subsystem.rst), else v2's
 * cgroup.freeze. kill.ts kills them.
 */
import { retry, sleep } from "../backoff.ts";
import { syscallError } from "../errors.ts";
import { isGone, subtree, writeIfThere } from "../files.ts";
import { moveRecoveryThreads } from "./kernel_threads.ts";
import type { CgroupDirectory, CgroupRecord } from "../path.ts";

/** The control file and its values; a record with neither a v1 freezer nor a v2 directory has none. */
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

/** The folder that freezes the cgroup: of v1's freezer, else of v2; and which version it is. */
export function freezerFolder(
  record: CgroupRecord,
): { readonly version: 1 | 2; readonly path: string } | undefined {
  return freezerOf(record);
}

export function hasFreezer(record: CgroupRecord): boolean {
  return freezerOf(record) !== undefined;
}

/**
 * Was the cgroup itself ordered to freeze, and not to thaw since? This reads the order, not the result: a container whose
 * `pause` was killed halfway counts as paused, and can be resumed. A cgroup that is frozen only with an ancestor does not
 * count (as with runc), because resuming it would not thaw it. False when the cgroup is gone.
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
 * Freezes the cgroup and returns when all its processes are frozen. If that takes longer than `patience` milliseconds,
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

/** Thaws the cgroup's processes. Sub-cgroups that were frozen separately stay frozen. */
export function thaw(record: CgroupRecord): void {
  const freezer = freezerOf(record);
  if (freezer) write(freezer, freezer.thawed);
}

/**
 * v1 stays in FREEZING indefinitely when a process forks or joins at that moment; writing FROZEN again continues, and an
 * occasional thaw lets the obstacle pass (opencontainers/runc#2774).
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
 * The write is an order; cgroup.events reports when it is complete (admin-guide/cgroup-v2.rst, "cgroup.freeze"), which
 * never happens while a kernel thread is among the processes.
 */
function freezeV2(freezer: Freezer, patience: number): boolean {
  const events = `${freezer.path}/cgroup.events`;
  const obeyed = () => /^frozen 1$/m.test(Deno.readTextFileSync(events));
  write(freezer, freezer.frozen);
  if (retry(Math.min(patience, USUALLY_FROZEN), obeyed)) return true;
  if (moveRecoveryThreads(freezer.path, freezer.mountPoint)) {
    // A new order makes the kernel count the frozen processes again.
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

/** Orders a freeze without waiting for it: processes that will be killed must not fork. */
export function stopForking(record: CgroupRecord): void {
  const freezer = freezerOf(record);
  if (freezer) writeIfThere(`${freezer.path}/${freezer.file}`, freezer.frozen);
}

/**
 * Thaws the cgroup for its killed processes: on v1 a frozen process dies only when it is thawed. Frozen sub-cgroups are
 * thawed too. On v2 SIGKILL needs no thaw, but stopForking() is undone.
 */
export function thawToDie(record: CgroupRecord): void {
  const freezer = freezerOf(record);
  if (!freezer) return;
  const cgroups = freezer.version === 1 ? subtree(freezer.path) : [freezer.path];
  for (const cgroup of cgroups) writeIfThere(`${cgroup}/${freezer.file}`, freezer.thawed);
}
