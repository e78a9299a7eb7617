/** Making and joining real cgroups of this host. */
import { assertEquals, assertThrows } from "@std/assert";
import { applyWrites } from "../../runtime/cgroup/apply.ts";
import { createCgroup } from "../../runtime/cgroup/drivers/cgroupfs.ts";
import { CgroupAccessError, CgroupWriteError } from "../../runtime/cgroup/errors.ts";
import { cgroupPids, killCgroup, signalCgroup } from "../../runtime/cgroup/life/kill.ts";
import { cgroupPaths, type CgroupRecord } from "../../runtime/cgroup/path.ts";
import { removeCgroup } from "../../runtime/cgroup/life/remove.ts";
import { type ResourceWrite, resourceWrites } from "../../runtime/cgroup/limits/resources.ts";
import { HostError } from "../../runtime/common/errors.ts";
import type { Resources } from "../../runtime/spec/spec.ts";
import { allExist, layout, only, spawnIn, test, TOP } from "./cgroup_fixture.ts";

const LIMITS: Resources = {
  pids: { limit: 42 },
  memory: { limit: 64 << 20, reservation: 32 << 20 },
  cpu: { shares: 512, quota: 20000, period: 50000, cpus: "0", mems: "0" },
};

test("createCgroup() makes every directory and the kernel has the limits", (record) => {
  const writes = resourceWrites(layout, LIMITS).filter(({ controller }) =>
    controller !== "devices"
  );
  createCgroup(record, writes);
  assertEquals(allExist(record), [true]);
  const actual = writes.map((write) => Deno.readTextFileSync(fileOf(record, write)).trim());
  assertEquals(actual, writes.map(({ value }) => value));
});

test("createCgroup() leaves v1 with runc's device list", (record) => {
  const devices = record.directories.find(({ controllers }) => controllers.includes("devices"));
  if (!devices) return console.log("no v1 devices controller here");
  createCgroup(record, resourceWrites(layout, { devices: [{ allow: false, access: "rwm" }] }));
  const list = Deno.readTextFileSync(`${devices.path}/devices.list`).trim().split("\n").sort();
  assertEquals(
    list,
    ["b *:* m", "c *:* m", "c 136:* rwm", "c 1:3 rwm", "c 1:5 rwm", "c 1:7 rwm", "c 1:8 rwm"]
      .concat("c 1:9 rwm", "c 5:0 rwm", "c 5:2 rwm"),
  );
});

test("createCgroup() names what the kernel refuses, and removes all it made, parents too", (record) => {
  const write = {
    controller: "memory",
    file: "memory.max",
    value: "-7",
    from: "linux.resources.x",
  };
  if (layout.mode !== "v2") write.file = "memory.limit_in_bytes";
  const error = assertThrows(() => createCgroup(record, [write]), CgroupWriteError);
  assertEquals([error.from, error.file, error.value, error.errno], [
    "linux.resources.x",
    fileOf(record, write),
    "-7",
    22,
  ]);
  assertEquals(
    error.message,
    `linux.resources.x: write "-7" to ${fileOf(record, write)}: invalid argument (EINVAL)`,
  );
  assertEquals(allExist(cgroupPaths(layout, `/${TOP}`, "id")), [false]);
});

test("createCgroup() removes only what it made", (record) => {
  const top = cgroupPaths(layout, `/${TOP}`, "id");
  createCgroup(top, []);
  const write = { controller: "pids", file: "pids.max", value: "many", from: "linux" };
  assertThrows(() => createCgroup(record, [write]), CgroupWriteError);
  assertEquals([allExist(top), allExist(record)], [[true], [false]]);
});

test("createCgroup() accepts a cgroup that exists, and refuses one in use", async (record) => {
  createCgroup(record, []);
  createCgroup(record, []);
  const child = await spawnIn(record, "echo ready; exec sleep 60");
  const error = assertThrows(() => createCgroup(record, []), HostError);
  assertEquals(error.message.includes(`is in use by process ${child.pid};`), true);
  assertEquals(allExist(record), [true]);
  killCgroup(record);
  assertEquals((await child.status).signal, "SIGKILL");
});

test("createCgroup() refuses a frozen cgroup, in which Init would never come back", (record) => {
  createCgroup(record, []);
  const freezer = record.directories.find((d) => d.controllers.includes("freezer"));
  const unified = record.directories.find((d) => d.version === 2);
  if (freezer) Deno.writeTextFileSync(`${freezer.path}/freezer.state`, "FROZEN");
  else Deno.writeTextFileSync(`${unified!.path}/cgroup.freeze`, "1");
  const error = assertThrows(() => createCgroup(record, []), HostError);
  assertEquals(error.remedy, "thaw it first");
});

/** A write that needs a controller which v2 has here; the body's effect on the top's cgroup.subtree_control is undone. */
async function withV2Controller(
  record: CgroupRecord,
  body: (unified: CgroupRecord, write: ResourceWrite) => void | Promise<void>,
): Promise<void> {
  const unified = only(record, 2);
  if (unified.directories.length === 0) return console.log("no v2 hierarchy here");
  const { mountPoint } = unified.directories[0]!;
  const present = Deno.readTextFileSync(`${mountPoint}/cgroup.controllers`).trim().split(" ");
  const write = [
    { controller: "pids", file: "pids.max", value: "7", from: "linux.resources.pids.limit" },
    { controller: "hugetlb", file: "hugetlb.2MB.max", value: "0", from: "linux.resources.huge" },
  ].find(({ controller }) => present.includes(controller));
  if (!write) return console.log("no v2 controller to try here");
  const control = `${mountPoint}/cgroup.subtree_control`;
  const before = Deno.readTextFileSync(control).trim().split(" ");
  try {
    await body(unified, write);
  } finally {
    const top = cgroupPaths(layout, `/${TOP}`, "id");
    killCgroup(top);
    removeCgroup(top);
    if (!before.includes(write.controller)) {
      Deno.writeTextFileSync(control, `-${write.controller}`);
    }
  }
}

test("createCgroup() hands a v2 controller down through new parents", (record) =>
  withV2Controller(record, (unified, write) => {
    createCgroup(unified, [write]);
    assertEquals(Deno.readTextFileSync(fileOf(unified, write)).trim(), write.value);
  }));

test("createCgroup() hands down what applyWrites() will need later", (record) =>
  withV2Controller(record, (unified, write) => {
    createCgroup(unified, [], [write]);
    applyWrites(unified, [write]);
    assertEquals(Deno.readTextFileSync(fileOf(unified, write)).trim(), write.value);
  }));

test("createCgroup() explains that a v2 parent with processes hands nothing down", (record) =>
  withV2Controller(record, async (unified, write) => {
    const top = only(cgroupPaths(layout, `/${TOP}`, "id"), 2);
    createCgroup(top, []);
    const child = await spawnIn(top, "echo ready; exec sleep 60");
    const error = assertThrows(() => createCgroup(unified, [write]), HostError);
    assertEquals(
      error.message,
      `${write.from}: the cgroup ${
        top.directories[0]!.path
      } has processes of its own, so it cannot ` +
        `enable the controller ${write.controller} for its children; move them into a cgroup beside the ` +
        "container's, or choose another linux.cgroupsPath",
    );
    assertEquals(allExist(unified), [false]);
    killCgroup(top);
    await child.status;
  }));

test("createCgroup() says so when v1 has the controller that v2 is asked for", (record) => {
  const unified = only(record, 2);
  if (layout.mode !== "hybrid") return console.log("no hybrid host");
  const write = { controller: "memory", file: "memory.max", value: "1", from: "linux.resources.m" };
  const error = assertThrows(() => createCgroup(unified, [write]), HostError);
  assertEquals(
    error.message.split(";")[0],
    `linux.resources.m: the cgroup ${unified.directories[0]!.mountPoint} has no controller memory`,
  );
  assertEquals(allExist(unified), [false]);
});

test("createCgroup() says what to do where the hierarchies are read-only", (record) => {
  const { mountPoint } = record.directories[0]!;
  const url = (file: string) =>
    new URL(`../../runtime/cgroup/drivers/${file}`, import.meta.url).href;
  const script = `import { createCgroup } from "${url("cgroupfs.ts")}";
    try { createCgroup(${
    JSON.stringify(record)
  }, []) } catch (e) { console.log(e.name, e.message) }`;
  const { stdout } = new Deno.Command("unshare", {
    args: ["--mount", "--propagation", "private", "sh", "-c"].concat(
      `mount -o remount,bind,ro "$1" && exec "$2" eval --no-lock "$3"`,
      ["sh", mountPoint, Deno.execPath(), script],
    ),
    env: { NO_COLOR: "1" },
  }).outputSync();
  const [name, ...message] = new TextDecoder().decode(stdout).trim().split(" ");
  assertEquals(name, CgroupAccessError.name);
  assertEquals(
    message.join(" "),
    `mkdir ${mountPoint}/${TOP}: read-only file system (EROFS); mount the cgroup hierarchies read-write`,
  );
});

test("cgroupJoin() puts a process in every hierarchy, where cgroupPids() finds it", async (record) => {
  createCgroup(record, []);
  const child = await spawnIn(record, "echo ready; exec sleep 60");
  assertEquals(cgroupPids(record), [child.pid]);
  const self = Deno.readTextFileSync(`/proc/${child.pid}/cgroup`).trim().split("\n");
  assertEquals(self.filter((line) => !line.endsWith(`:/${TOP}/c`)), []);
  signalCgroup(record, 15);
  assertEquals((await child.status).signal, "SIGTERM");
  assertEquals(cgroupPids(record), []);
});

function fileOf(record: CgroupRecord, write: ResourceWrite): string {
  const directory = record.directories.find((d) => d.controllers.includes(write.controller)) ??
    record.directories.find((d) => d.version === 2);
  return `${directory!.path}/${write.file}`;
}
