/** Ending and removing real cgroups of this host, against what a container can do to prevent it. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { createCgroup } from "../../runtime/cgroup/drivers/cgroupfs.ts";
import { cgroupPids, killCgroup, signalCgroup } from "../../runtime/cgroup/life/kill.ts";
import { destroyCgroup, removeCgroup } from "../../runtime/cgroup/life/remove.ts";
import { HostError } from "../../runtime/common/errors.ts";
import { until } from "../harness/until.ts";
import { allExist, only, spawnIn, test } from "./cgroup_fixture.ts";
import { isFolder } from "../../runtime/common/files.ts";

/** Deaf to signals, always forking, with processes in sub-cgroups and a frozen one among them. */
const HOSTILE = `trap '' TERM INT HUP
d() { [ -d "$1" ] || return 0; mkdir -p "$1/s/t"; [ "$2" ] && cat "$1/$2" >"$1/s/$2" &&
  cat "$1/$2" >"$1/s/t/$2"; return 0; }
for f; do c=\${f%/*}; d "$c"; for x in cpus mems; do [ -f "$c/cpuset.$x" ] && d "$c" "cpuset.$x"; done; done
(for f; do c=\${f%/*}; echo 0 >"$c/s/t/\${f##*/}"; done; trap '' TERM; while :; do sleep 9; done) &
(for f; do c=\${f%/*}; echo 0 >"$c/s/\${f##*/}"; done; while :; do sleep 9 & sleep 0.01; done) &
for f; do c=\${f%/*}; for g in "$c/s" "$c/s/t"; do
  until [ ! -d "$g" ] || read -r line <"$g/\${f##*/}"; do sleep 0.01; done; done; done
for f; do c=\${f%/*}; [ -f "$c/s/t/freezer.state" ] && echo FROZEN >"$c/s/t/freezer.state"; done
echo ready; while :; do sleep 9 & sleep 0.01; done`;

for (const version of [1, 2] as const) {
  const kind = version === 1 ? "the v1 freezer" : "cgroup.kill";
  test(`killCgroup() ends a hostile tree of processes with ${kind}`, async (record) => {
    const part = only(record, version);
    if (part.directories.length === 0) return console.log(`no v${version} hierarchy here`);
    createCgroup(part, []);
    const child = await spawnIn(part, HOSTILE);
    await until("it forks", () => cgroupPids(part).length > 3);
    signalCgroup(part, 15);
    await until("it is deaf", () => cgroupPids(part).length > 3);
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
    const { success } = new Deno.Command("sh", {
      args: [
        "-c",
        `cd "$1" && mkdir -p a/b "$(printf '\\377\\376')/x" "ä b" -- "-rf" &&
        i=0; while [ $i -lt 20 ]; do mkdir ${name} && cd -P ${name} || exit 1; i=$((i+1)); done`,
        "sh",
        path,
      ],
    }).outputSync();
    assert(success);
  }
  assert(isFolder(`${record.directories[0]!.path}/-rf`));
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

test("destroyCgroup() removes a cgroup in use with what is in it, and an empty one", async (record) => {
  createCgroup(record, []);
  const child = await spawnIn(record, "echo ready; exec sleep 60");
  destroyCgroup(record);
  assertEquals(allExist(record), [false]);
  assertEquals((await child.status).signal, "SIGKILL");
  createCgroup(record, []);
  destroyCgroup(record);
  assertEquals(allExist(record), [false]);
});
