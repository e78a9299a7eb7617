/** Removes the cgroups that validation programs name in config.json and runtimes leave, or whose parents they leave. */

import { until } from "../harness/until.ts";

/** Below a hierarchy's root for an absolute `cgroupsPath`, below the runtime's own cgroup for a relative one. */
const SUITE_CGROUPS = [
  "cgrouptest",
  "testdir/cgrouptest/container",
  "testdir/cgrouptest",
  "testdir",
];

/** @throws {Error} when one of them still has processes after half a minute. */
export async function removeSuiteCgroups(): Promise<void> {
  const own = (await Deno.readTextFile("/proc/self/cgroup")).trim().split("\n")
    .map((line) => line.slice(line.indexOf(":", line.indexOf(":") + 1) + 1).replace(/\/$/, ""));
  const places = new Set(["", ...own]);
  for (const mount of await cgroupMounts()) {
    for (const place of places) {
      for (const name of SUITE_CGROUPS) await removeIfPresent(`${mount}${place}/${name}`);
    }
  }
}

/** Mount points of all hierarchies, v1's and v2's (proc_pid_mountinfo(5): the fifth field; the type follows `-`). */
async function cgroupMounts(): Promise<string[]> {
  const lines = (await Deno.readTextFile("/proc/self/mountinfo")).trim().split("\n");
  return lines.filter((line) => / - cgroup2? /.test(line)).map((line) => line.split(" ")[4]!);
}

/** Deno has no class for this error. */
const EBUSY = "(os error 16)";

/** A cgroup's files cannot be removed, but its folder can, when no processes and children are left. */
async function removeIfPresent(path: string): Promise<void> {
  await until(`the processes of ${path} have ended`, async () => {
    try {
      await Deno.remove(path);
      return true;
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return true;
      if (error instanceof Error && error.message.includes(EBUSY)) return false;
      throw error;
    }
  }, 30);
}
