/** The state store with real processes: several at once, and killed at any moment. Needs no root. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { HostError, NotFoundError, UsageError } from "../../runtime/common/errors.ts";
import {
  BeingCreatedError,
  DamagedStateError,
  type StoredState,
} from "../../runtime/state/container_state.ts";
import { liveStatus, processStartTime } from "../../runtime/state/live_status.ts";
import { isUnlocked, lockState } from "../../runtime/state/lock.ts";
import {
  ContainerExistsError,
  createStateDir,
  listIds,
  loadState,
  removeStateDir,
  saveState,
} from "../../runtime/state/store.ts";
import { until } from "../harness/until.ts";

function stateOf(id: string, change: Partial<StoredState> = {}): StoredState {
  return {
    formatVersion: 1,
    id,
    ociVersion: "1.3.0",
    bundle: "/b",
    rootfs: "/b/rootfs",
    annotations: {},
    status: "creating",
    pid: 0,
    pidStartTime: "",
    created: "2026-11-23T04:08:39Z",
    owner: 0,
    cgroup: null,
    handler: "default",
    ...change,
  };
}

/** Runs the body with the path of a state root that does not exist yet. */
function test(name: string, body: (root: string) => void | Promise<void>): void {
  Deno.test(name, async () => {
    const directory = Deno.makeTempDirSync({ prefix: "kago-test-" });
    try {
      await body(`${directory}/run/kago`);
    } finally {
      Deno.removeSync(directory, { recursive: true });
    }
  });
}

/** A Deno process with the store's functions, `root`, `stateOf` and `say`; it starts when told. */
function spawn(root: string, script: string): Deno.ChildProcess {
  const url = (file: string) => new URL(`../../runtime/state/${file}`, import.meta.url).href;
  const source = `import * as store from "${url("store.ts")}"; import * as lock from "${
    url("lock.ts")
  }";
    const root = ${JSON.stringify(root)}; const stateOf = ${stateOf};
    const say = (text) => Deno.stdout.writeSync(new TextEncoder().encode(text + "\\n"));
    say("ready"); Deno.stdin.readSync(new Uint8Array(1)); ${script}`;
  return new Deno.Command(Deno.execPath(), {
    args: ["eval", "--no-config", "--ext=js", source],
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
}

async function lineOf(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<string> {
  const { value } = await reader.read();
  return new TextDecoder().decode(value).trimEnd();
}

async function start(child: Deno.ChildProcess) {
  const reader = child.stdout.getReader();
  assertEquals(await lineOf(reader), "ready");
  const writer = child.stdin.getWriter();
  const go = async () => {
    await writer.write(new Uint8Array(1));
    await writer.close();
  };
  return { reader, go };
}

test("createStateDir() makes a directory that others can pass and not read, and holds its lock", (root) => {
  using lock = createStateDir(root, "c1");
  assertEquals(lock.directory, `${root}/c1`);
  assertEquals(Deno.statSync(root).mode! & 0o7777, 0o700);
  assertEquals(Deno.statSync(`${root}/c1`).mode! & 0o7777, 0o711);
  assertEquals(isUnlocked(root, "c1"), false);
  assertThrows(
    () => createStateDir(root, "c1"),
    ContainerExistsError,
    "container with id exists: c1",
  );
});

test("createStateDir() refuses ids that lead elsewhere, and says where it cannot write", (root) => {
  assertThrows(() => createStateDir(root, "../c1"), UsageError);
  assertThrows(() => createStateDir("/proc/none", "c1"), HostError, "choose a writable directory");
});

test("createStateDir() lets one of many parallel creators win", async (root) => {
  const children = Array.from({ length: 6 }, () =>
    spawn(
      root,
      `try {
      using held = store.createStateDir(root, "c1");
      store.saveState(root, stateOf("c1", { pid: Deno.pid }));
      say("won");
    } catch (error) { say(error.name) }`,
    ));
  const started = await Promise.all(children.map(start));
  await Promise.all(started.map(({ go }) => go()));
  const outcomes = await Promise.all(started.map(({ reader }) => lineOf(reader)));
  await Promise.all(started.map(({ reader }) => reader.cancel()));
  await Promise.all(children.map(({ status }) => status));
  assertEquals(outcomes.sort(), [...Array(5).fill("ContainerExistsError"), "won"]);
  assert(children.some(({ pid }) => pid === loadState(root, "c1").pid));
});

test("loadState() gives back what saveState() stored, in a file for its owner only", (root) => {
  using _lock = createStateDir(root, "c1");
  saveState(root, stateOf("c1"));
  saveState(root, stateOf("c1", { status: "created", pid: 9, pidStartTime: "8" }));
  assertEquals(
    loadState(root, "c1"),
    stateOf("c1", { status: "created", pid: 9, pidStartTime: "8" }),
  );
  assertEquals(Deno.statSync(`${root}/c1/state.json`).mode! & 0o7777, 0o600);
  assertEquals([...Deno.readDirSync(`${root}/c1`)].map(({ name }) => name), ["state.json"]);
});

test("loadState() tells a container that does not exist from a damaged one and a wrong id", (root) => {
  assertThrows(() => loadState(root, "c1"), NotFoundError);
  const lock = createStateDir(root, "c1");
  assertThrows(
    () => loadState(root, "c1"),
    BeingCreatedError,
    "container c1 is being created; try again when that is done",
  );
  assertThrows(() => loadState(root, "c1", lock), DamagedStateError, "state.json is missing");
  lock.release();
  assertThrows(() => loadState(root, "c1"), DamagedStateError, "remove it with delete --force");
  Deno.writeTextFileSync(`${root}/c1/state.json`, '{"formatVersion":1,"id":"c');
  assertThrows(() => loadState(root, "c1"), DamagedStateError, "is not JSON");
  assertThrows(() => loadState(root, "c1/../c1"), UsageError);
});

test("listIds() is sorted, has the damaged, and has nothing that cannot be a container", (root) => {
  assertEquals(listIds(root), []);
  for (const id of ["b", "a"]) createStateDir(root, id).release();
  Deno.mkdirSync(`${root}/no id`);
  Deno.writeTextFileSync(`${root}/file`, "");
  assertEquals(listIds(root), ["a", "b"]);
});

test("removeStateDir() frees the id, whatever is in the directory, and can be repeated", (root) => {
  using _lock = createStateDir(root, "c1");
  saveState(root, stateOf("c1"));
  Deno.mkdirSync(`${root}/c1/sub/dir`, { recursive: true });
  removeStateDir(root, "c1");
  removeStateDir(root, "c1");
  assertEquals(listIds(root), []);
  createStateDir(root, "c1").release();
});

test("a state that is saved by a process killed at any moment is always readable", async (root) => {
  createStateDir(root, "c1").release();
  saveState(root, stateOf("c1"));
  let saved = 0;
  for (let round = 0; round < 20; round++) {
    const child = spawn(
      root,
      `for (let i = 1;; i++) {
      using held = lock.lockState(root, "c1");
      store.saveState(root, stateOf("c1", { pid: i, bundle: "/" + "b".repeat(i % 5000) }));
    }`,
    );
    const { reader, go } = await start(child);
    await go();
    const before = loadState(root, "c1").pid;
    const end = performance.now() + 20 + round * 3;
    // A machine that is busy with other things gets longer.
    const few = (pid: number) => (pid === before || pid < 12) && performance.now() < end + 10_000;
    for (let pid = before; performance.now() < end || few(pid);) pid = loadState(root, "c1").pid;
    child.kill("SIGKILL");
    await child.status;
    await reader.cancel();
    const { pid, bundle } = loadState(root, "c1");
    assertEquals(bundle.length, 1 + pid % 5000);
    assert(isUnlocked(root, "c1"));
    saved += pid;
  }
  assert(saved > 200, `only ${saved} states were saved`);
});

test("an abandoned creation is stopped once its creator is killed, and can be deleted", async (root) => {
  const child = spawn(
    root,
    `const held = store.createStateDir(root, "c1");
    store.saveState(root, stateOf("c1")); say("made"); Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);`,
  );
  const { reader, go } = await start(child);
  await go();
  assertEquals(await lineOf(reader), "made");
  const status = () => liveStatus(loadState(root, "c1"), () => isUnlocked(root, "c1"));
  assertEquals(status(), "creating");
  assertEquals(isUnlocked(root, "c1"), false);
  child.kill("SIGKILL");
  await child.status;
  await reader.cancel();
  assertEquals(status(), "stopped");
  using _lock = lockState(root, "c1");
  removeStateDir(root, "c1");
  assertEquals(listIds(root), []);
});

for (const replaced of [false, true]) {
  const what = replaced ? "the container that took its id" : "NotFoundError";
  test(`lockState() that waited for a delete gets ${what}`, async (root) => {
    const held = createStateDir(root, "c1");
    const child = spawn(
      root,
      `say("waiting");
      try { using held = lock.lockState(root, "c1"); say("locked " + Deno.statSync(held.directory).ino) }
      catch (error) { say(error.name) }`,
    );
    const { reader, go } = await start(child);
    await go();
    assertEquals(await lineOf(reader), "waiting");
    await new Promise((resolve) => setTimeout(resolve, 100));
    removeStateDir(root, "c1");
    if (replaced) createStateDir(root, "c1").release();
    held.release();
    const expected = replaced ? `locked ${Deno.statSync(`${root}/c1`).ino}` : "NotFoundError";
    assertEquals(await lineOf(reader), expected);
    await child.status;
    await reader.cancel();
  });
}

Deno.test("liveStatus() follows a real process from running over zombie to gone", async () => {
  const child = new Deno.Command("sh", {
    args: ["-c", "sleep 1000 & echo $!; exec sleep 1000"],
    stdin: "null",
    stdout: "piped",
  }).spawn();
  const reader = child.stdout.getReader();
  // Its parent, sleep, never waits for it: it ends as a zombie.
  const pid = Number(await lineOf(reader));
  const stored = stateOf("c1", { status: "running", pid, pidStartTime: processStartTime(pid)! });
  const status = () => liveStatus(stored, () => true);
  assertEquals(status(), "running");
  const comm = (id: number) => Deno.readTextFileSync(`/proc/${id}/comm`);
  await until("the shell is gone, which would reap it", () => comm(child.pid) === "sleep\n");
  Deno.kill(pid, "SIGKILL");
  const stat = () => Deno.readTextFileSync(`/proc/${pid}/stat`);
  await until("it is a zombie", () => stat().includes(") Z "));
  assertEquals(status(), "stopped");
  child.kill("SIGKILL");
  await child.status;
  await reader.cancel();
  assertEquals(status(), "stopped");
});
