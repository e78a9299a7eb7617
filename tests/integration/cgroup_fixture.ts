/**
 * What the tests of real cgroups share: a cgroup of their own below a name of their own, and processes in it. They run
 * on v1, hybrid and v2 hosts and need root.
 */
import { assertEquals } from "@std/assert";
import { cgroupJoin } from "../../runtime/cgroup/drivers/cgroupfs.ts";
import { killCgroup } from "../../runtime/cgroup/life/kill.ts";
import { readCgroupLayout } from "../../runtime/cgroup/layout.ts";
import { cgroupPaths, type CgroupRecord } from "../../runtime/cgroup/path.ts";
import { removeCgroup } from "../../runtime/cgroup/life/remove.ts";
import { isFolder } from "../../runtime/common/files.ts";

const isRoot = Deno.uid() === 0;
if (!isRoot) console.log("skipped: cgroups are made by root only");

export const layout = readCgroupLayout();
export const TOP = `kago-test-${Deno.pid}`;

/** Runs the body with a cgroup's record, not yet made, and leaves nothing of it behind. */
export function test(name: string, body: (record: CgroupRecord) => void | Promise<void>): void {
  Deno.test({
    name,
    ignore: !isRoot,
    async fn() {
      const top = cgroupPaths(layout, `/${TOP}`, "id");
      try {
        await body(cgroupPaths(layout, `/${TOP}/c`, "id"));
      } finally {
        killCgroup(top);
        removeCgroup(top);
      }
    },
  });
}

export function only(record: CgroupRecord, version: 1 | 2): CgroupRecord {
  return { ...record, directories: record.directories.filter((d) => d.version === version) };
}

export function allExist(record: CgroupRecord): boolean[] {
  return [...new Set(record.directories.map(({ path }) => isFolder(path)))];
}

/** A shell in the cgroup that says when it is, and then runs the script. */
export async function spawnIn(record: CgroupRecord, script: string): Promise<Deno.ChildProcess> {
  const { writes, cloneInto } = cgroupJoin(record);
  const files = writes.map((op) => {
    if (op.op !== "writeFile" || op.data !== "0") throw new Error(`not a join: ${op.op}`);
    return op.path;
  });
  // What clone3(2) does for a real container.
  if (cloneInto) files.push(`${cloneInto}/cgroup.procs`);
  const child = new Deno.Command("sh", {
    args: ["-c", `for f; do echo 0 >"$f" || exit 1; done; ${script}`, "sh", ...files],
    stdin: "null",
    stdout: "piped",
  }).spawn();
  const reader = child.stdout.getReader();
  const { value } = await reader.read();
  assertEquals(new TextDecoder().decode(value), "ready\n");
  await reader.cancel();
  return child;
}
