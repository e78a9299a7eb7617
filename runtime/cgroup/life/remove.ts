/** Removes a container's cgroup with all sub-cgroups that the container created in it, whatever their names. */
import { errnoOf, HostError } from "../../common/errors.ts";
import { retry } from "../backoff.ts";
import { EBUSY, ENAMETOOLONG, ENOENT } from "../../common/errno.ts";
import { syscallError } from "../errors.ts";
import { subtree } from "../files.ts";
import { cgroupPids, killCgroup } from "./kill.ts";
import type { CgroupRecord } from "../path.ts";

/**
 * Removes the cgroup in every hierarchy; some or all of it may be gone. Dying processes keep their cgroup busy, so this
 * waits for them; living ones must have been killed before.
 * @param patience how long, in milliseconds.
 * @throws {HostError} when it stays busy.
 */
export function removeCgroup(record: CgroupRecord, patience = 2000): void {
  let busy = "";
  const done = retry(patience, () => {
    busy = record.directories.find(({ path }) => !removeSubtree(path))?.path ?? "";
    return busy === "";
  });
  if (done) return;
  const pids = cgroupPids(record);
  throw new HostError(
    `the cgroup ${busy} cannot be removed: ` +
      (pids.length > 0 ? `it has the processes ${pids.join(", ")}` : "it is busy"),
    pids.length > 0 ? "end them first" : "see what is in it, and remove it with rmdir",
  );
}

/**
 * Removes the cgroup, and kills any processes in it. The cgroup of a stopped container is nearly always empty; then this
 * costs one rmdir per hierarchy and reads nothing.
 * @throws as killCgroup() and removeCgroup().
 */
export function destroyCgroup(record: CgroupRecord): void {
  // The v2 directory is the first, so it still exists for cgroup.kill if this fails.
  if (record.directories.every(({ path }) => removeSubtree(path))) return;
  killCgroup(record);
  removeCgroup(record);
}

/** True when the directory is gone. An empty cgroup, the usual case, takes one rmdir. */
function removeSubtree(path: string): boolean {
  if (removeOne(path) === "gone") return true;
  // Deepest first. The files in a cgroup disappear with it; only directories count.
  const outcomes = [...subtree(path)].toReversed().map(removeOne);
  if (outcomes.includes("unreachable")) removeByFind(path);
  return removeOne(path) === "gone";
}

/** `unreachable`: it exists, but a string cannot name it (see subtree()). */
function removeOne(path: string): "gone" | "busy" | "unreachable" {
  try {
    Deno.removeSync(path);
    return "gone";
  } catch (error) {
    switch (errnoOf(error)) {
      case ENOENT:
        return path.includes("\uFFFD") ? "unreachable" : "gone";
      case ENAMETOOLONG:
        return "unreachable";
      case EBUSY:
        return "busy";
      default:
        throw syscallError(`rmdir ${path}`, error);
    }
  }
}

/**
 * A container with write access to its cgroup can choose names that are not UTF-8, or nest deeper than PATH_MAX, to prevent
 * its deletion: Deno has neither names in bytes nor openat(2). find(1) has both.
 */
function removeByFind(path: string): void {
  try {
    new Deno.Command("find", {
      args: [path, "-type", "d", "-delete"],
      env: { PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" },
      clearEnv: true,
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).outputSync();
  } catch (cause) {
    throw new HostError(
      `sub-cgroups of ${path} have names that are not UTF-8 or too long`,
      "install find(1), which can remove them",
      { cause },
    );
  }
}
