/** A file of v2 that tells of its changes, on any host with a v2 hierarchy: one that needs no controller stands for memory.events. */
import { assertEquals } from "@std/assert";
import { closeFd, openToRead, readAway } from "../../ffi/descriptors.ts";
import { openPidfd } from "../../ffi/processes.ts";
import { createCgroup } from "../../runtime/cgroup/drivers/cgroupfs.ts";
import { waitForOom } from "../../runtime/cgroup/stats/oom_news.ts";
import { only, test } from "./cgroup_fixture.ts";

test("waitForOom() tells of each change of a v2 file once, and of the cgroup's end", async (record) => {
  const v2 = only(record, 2);
  const [unified] = v2.directories;
  if (!unified) return console.log("no v2 hierarchy here");
  createCgroup(v2, [], []);
  const watch = openToRead(`${unified.path}/cgroup.events`, "open it");
  readAway(watch, true);
  const pidfd = openPidfd(Deno.pid)!;
  const changed = (timeout: number) => waitForOom(watch, 2, pidfd, timeout).changed;
  assertEquals(changed(10), false);
  const child = new Deno.Command("sleep", { args: ["1000"] }).spawn();
  Deno.writeTextFileSync(`${unified.path}/cgroup.procs`, String(child.pid));
  assertEquals([changed(10000), changed(10)], [true, false]);
  child.kill("SIGKILL");
  await child.status;
  assertEquals(changed(10000), true);
  Deno.removeSync(unified.path);
  assertEquals(changed(10000), true);
  closeFd(watch);
  closeFd(pidfd);
});
