/**
 * Real cgroups of this host, v1, hybrid or v2, below names of our own. Needs root.
 */
import { assert, assertEquals, assertInstanceOf, assertThrows } from "@std/assert";
import { cgroupJoin, createCgroup } from "../../runtime/cgroup/cgroupfs.ts";
import { CgroupAccessError, CgroupWriteError } from "../../runtime/cgroup/errors.ts";
import { cgroupPids, killCgroup } from "../../runtime/cgroup/kill.ts";
import { readCgroupLayout } from "../../runtime/cgroup/layout.ts";
import { cgroupPaths, type CgroupRecord } from "../../runtime/cgroup/path.ts";
import { removeCgroup } from "../../runtime/cgroup/remove.ts";
import { type ResourceWrite, resourceWrites } from "../../runtime/cgroup/resources.ts";
import { HostError } from "../../runtime/errors.ts";
import type { Resources } from "../../runtime/spec/spec.ts";

const isRoot = Deno.uid() === 0;
if (!isRoot) console.log("skipped: cgroups are made by root only");

const layout = readCgroupLayout();
const TOP = `kago-test-${Deno.pid}`;

/** Runs the body with a cgroup's record, not yet made, and leaves nothing of it behind. */
function test(name: string, body: (record: CgroupRecord) => void | Promise<void>): void {
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

function only(record: CgroupRecord, version: 1 | 2): CgroupRecord {
  return { ...record, directories: record.directories.filter((d) => d.version === version) };
}

function exists(path: string): boolean {
  try {
    return Deno.statSync(path).isDirectory;
  } catch (error) {
    assertInstanceOf(error, Deno.errors.NotFound);
    return false;
  }
}

function allExist(record: CgroupRecord): boolean[] {
  return [...new Set(record.directories.map(({ path }) => exists(path)))];
}

/** A shell in the cgroup that says when it is, and then runs the script. */
async function spawnIn(record: CgroupRecord, script: string): Promise<Deno.ChildProcess> {
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

function fileOf(record: CgroupRecord, write: ResourceWrite): string {
  const directory = record.directories.find((d) => d.controllers.includes(write.controller)) ??
    record.directories.find((d) => d.version === 2);
  return `${directory!.path}/${write.file}`;
}

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
    ["b *:* m", "c *:* m", "c 1:3 rwm", "c 1:5 rwm", "c 1:7 rwm", "c 1:8 rwm", "c 1:9 rwm"]
      .concat("c 136:* rwm", "c 5:0 rwm", "c 5:2 rwm"),
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
    `linux.resources.x: write "-7" to ${fileOf(record, write)}: invalid argument`,
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

test("createCgroup() hands a v2 controller down through new parents", (record) => {
  const unified = only(record, 2);
  const controllers = Deno.readTextFileSync(
    `${unified.directories[0]?.mountPoint}/cgroup.controllers`,
  );
  if (!controllers.includes("hugetlb")) return console.log("no v2 hugetlb controller here");
  const control = `${unified.directories[0]!.mountPoint}/cgroup.subtree_control`;
  const before = Deno.readTextFileSync(control);
  const file = Deno.statSync("/sys/kernel/mm/hugepages/hugepages-2048kB").isDirectory &&
    "hugetlb.2MB.max";
  const write = { controller: "hugetlb", file: `${file}`, value: "0", from: "linux.resources.h" };
  try {
    createCgroup(unified, [write]);
    assertEquals(Deno.readTextFileSync(fileOf(unified, write)).trim(), "0");
  } finally {
    removeCgroup(cgroupPaths(layout, `/${TOP}`, "id"));
    if (!before.includes("hugetlb")) Deno.writeTextFileSync(control, "-hugetlb");
  }
});

test("createCgroup() says so when a v2 controller is not to be had", (record) => {
  const unified = only(record, 2);
  if (unified.directories.length === 0) return console.log("no v2 hierarchy here");
  const write = { controller: "nosuch", file: "nosuch.max", value: "0", from: "linux.resources.n" };
  assertThrows(() => createCgroup(unified, [write]), Error, "nosuch");
  assertEquals(allExist(unified), [false]);
});

test("createCgroup() says what to do where the hierarchies are read-only", (record) => {
  const { mountPoint } = record.directories[0]!;
  const url = (file: string) => new URL(`../../runtime/cgroup/${file}`, import.meta.url).href;
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
    `mkdir ${
      record.directories[0]!.path
    }: read-only file system; mount the cgroup hierarchies read-write`,
  );
});

test("cgroupJoin() puts a process in every hierarchy, where cgroupPids() finds it", async (record) => {
  createCgroup(record, []);
  const child = await spawnIn(record, "echo ready; exec sleep 60");
  assertEquals(cgroupPids(record), [child.pid]);
  const self = Deno.readTextFileSync(`/proc/${child.pid}/cgroup`).trim().split("\n");
  assertEquals(self.filter((line) => !line.endsWith(`:/${TOP}/c`)), []);
  killCgroup(record, 15);
  assertEquals((await child.status).signal, "SIGTERM");
  assertEquals(cgroupPids(record), []);
});

/** Deaf to signals, always forking, with processes in sub-cgroups and a frozen one among them. */
const HOSTILE = `trap '' TERM INT HUP
d() { [ -d "$1" ] || return 0; mkdir -p "$1/s/t"; [ "$2" ] && cat "$1/$2" >"$1/s/$2" &&
  cat "$1/$2" >"$1/s/t/$2"; return 0; }
for f; do c=\${f%/*}; d "$c"; for x in cpus mems; do [ -f "$c/cpuset.$x" ] && d "$c" "cpuset.$x"; done; done
(for f; do c=\${f%/*}; echo 0 >"$c/s/t/\${f##*/}"; done; trap '' TERM; while :; do sleep 9; done) &
(for f; do c=\${f%/*}; echo 0 >"$c/s/\${f##*/}"; done; while :; do sleep 9 & sleep 0.01; done) &
sleep 0.3
for f; do c=\${f%/*}; [ -f "$c/s/t/freezer.state" ] && echo FROZEN >"$c/s/t/freezer.state"; done
echo ready; while :; do sleep 9 & sleep 0.01; done`;

for (const version of [1, 2] as const) {
  const kind = version === 1 ? "the v1 freezer" : "cgroup.kill";
  test(`killCgroup() ends a hostile tree of processes with ${kind}`, async (record) => {
    const part = only(record, version);
    if (part.directories.length === 0) return console.log(`no v${version} hierarchy here`);
    createCgroup(part, []);
    const child = await spawnIn(part, HOSTILE);
    assert(cgroupPids(part).length > 3);
    killCgroup(part, 15);
    assert(cgroupPids(part).length > 3);
    killCgroup(part);
    assertEquals(cgroupPids(part), []);
    assertEquals((await child.status).signal, "SIGKILL");
    removeCgroup(part);
    assertEquals(allExist(part), [false]);
  });
}

test("killCgroup() ends a paused container", async (record) => {
  createCgroup(record, []);
  const child = await spawnIn(record, "echo ready; exec sleep 60");
  for (const { path, controllers } of record.directories) {
    if (controllers.includes("freezer")) Deno.writeTextFileSync(`${path}/freezer.state`, "FROZEN");
  }
  killCgroup(record);
  assertEquals((await child.status).signal, "SIGKILL");
});

test("removeCgroup() removes sub-cgroups of any name and depth", (record) => {
  createCgroup(record, []);
  const name = "n".repeat(250);
  for (const { path } of record.directories) {
    new Deno.Command("sh", {
      args: [
        "-c",
        `cd "$1" && mkdir -p a/b "$(printf '\\377\\376')/x" "ä b" -- "-rf" &&
        i=0; while [ $i -lt 20 ]; do mkdir ${name} && cd -P ${name} || exit 1; i=$((i+1)); done`,
        "sh",
        path,
      ],
    }).outputSync();
  }
  assert(exists(`${record.directories[0]!.path}/-rf`));
  removeCgroup(record);
  assertEquals(allExist(record), [false]);
});

test("removeCgroup() is content when the cgroup is gone", (record) => {
  removeCgroup(record);
  createCgroup(record, []);
  Deno.removeSync(record.directories[0]!.path);
  removeCgroup(record);
  assertEquals(allExist(record), [false]);
});

test("removeCgroup() waits for the dying, and names the living", async (record) => {
  createCgroup(record, []);
  const child = await spawnIn(record, "echo ready; sleep 0.2 & sleep 0.5; exec sleep 60");
  const error = assertThrows(() => removeCgroup(record, 50), HostError);
  assert(error.message.includes(`${child.pid}`), error.message);
  const status = child.status;
  new Deno.Command("sh", { args: ["-c", `(sleep 0.3; kill -9 ${child.pid}) & `] }).outputSync();
  removeCgroup(record);
  assertEquals((await status).signal, "SIGKILL");
});
