/** Freezing and thawing real cgroups of this host, by v1's freezer and by v2's cgroup.freeze. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { createCgroup } from "../../runtime/cgroup/drivers/cgroupfs.ts";
import { freeze, hasFreezer, isFrozen, thaw } from "../../runtime/cgroup/life/freezer.ts";
import { cgroupPids, killCgroup, signalCgroup } from "../../runtime/cgroup/life/kill.ts";
import { cgroupPaths, type CgroupRecord } from "../../runtime/cgroup/path.ts";
import { SyscallError } from "../../runtime/common/errors.ts";
import { layout, only, spawnIn, test, TOP } from "./cgroup_fixture.ts";
import { until } from "../harness/until.ts";

const COUNT = "echo ready; i=0; while :; do i=$((i+1)); echo $i >FILE; sleep 0.01; done";
const FORK_ALWAYS = "echo ready; while :; do (:) & (:) & wait; done";

for (const version of [1, 2] as const) {
  const kind = version === 1 ? "v1's freezer" : "cgroup.freeze";
  const testPart = (name: string, body: (part: CgroupRecord) => void | Promise<void>) =>
    test(`${name}, with ${kind}`, (record) => {
      const part = only(record, version);
      if (!hasFreezer(part)) return console.log(`this host has no ${kind}`);
      createCgroup(part, []);
      return body(part);
    });

  testPart("freeze() stops what runs, and thaw() lets it go on", async (part) => {
    const file = await Deno.makeTempFile();
    const child = await spawnIn(part, COUNT.replace("FILE", file));
    assert(freeze(part, 5000));
    assert(isFrozen(part));
    const before = await Deno.readTextFile(file);
    await pause(100);
    assertEquals(await Deno.readTextFile(file), before);
    thaw(part);
    assert(!isFrozen(part));
    await until("it goes on", async () => await Deno.readTextFile(file) !== before);
    killCgroup(part);
    await child.status;
    await Deno.remove(file);
  });

  testPart("freeze() stops what forks all the time, again and again", async (part) => {
    const child = await spawnIn(part, FORK_ALWAYS);
    for (let i = 0; i < 20; i++) {
      assert(freeze(part, 5000), `time ${i}`);
      assertEquals(cgroupPids(part), cgroupPids(part));
      thaw(part);
    }
    killCgroup(part);
    await child.status;
  });

  testPart("freeze() leaves a cgroup thawed that it cannot freeze in time", async (part) => {
    const child = await spawnIn(part, "echo ready; exec sleep 60");
    // There is one look at the outcome, and the kernel may be as quick as that.
    for (let i = 0; i < 20; i++) {
      assertEquals(freeze(part, 0), isFrozen(part));
      thaw(part);
    }
    killCgroup(part);
    await child.status;
  });

  testPart("isFrozen() is about the cgroup itself, not about one above it", (part) => {
    const top = only(cgroupPaths(layout, `/${TOP}`, "id"), version);
    assert(freeze(top, 5000));
    assert(!isFrozen(part));
    thaw(top);
  });

  testPart("signalCgroup() leaves a frozen cgroup frozen and a thawed one thawed", async (part) => {
    const child = await spawnIn(part, "echo ready; exec sleep 60");
    signalCgroup(part, 18);
    assert(!isFrozen(part));
    assert(freeze(part, 5000));
    signalCgroup(part, 15);
    assert(isFrozen(part));
    thaw(part);
    assertEquals((await child.status).signal, "SIGTERM");
  });

  testPart("signalCgroup() sends real-time signals too", async (part) => {
    const child = await spawnIn(part, "trap 'exit 7' 40; echo ready; while :; do sleep 0.01; done");
    signalCgroup(part, 40);
    assertEquals((await child.status).code, 7);
  });

  testPart("signalCgroup() reaches every process of a forking tree", async (part) => {
    const child = await spawnIn(part, "echo ready; while :; do sleep 60 & sleep 0.002; done");
    await pause(100);
    signalCgroup(part, 10);
    assertEquals((await child.status).signal, "SIGUSR1");
    await until(() => `${cgroupPids(part)} end too`, () => cgroupPids(part).length === 0);
  });

  testPart("a cgroup that is gone is not frozen, and freeze() and thaw() name it", (part) => {
    const { path } = part.directories[0]!;
    for (const directory of part.directories) Deno.removeSync(directory.path);
    assert(!isFrozen(part));
    for (const operate of [() => freeze(part, 100), () => thaw(part)]) {
      const error = assertThrows(operate, SyscallError);
      assertEquals(error.errno, 2);
      assert(error.operation.includes(version === 2 ? path : "freezer.state"), error.operation);
    }
  });
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
