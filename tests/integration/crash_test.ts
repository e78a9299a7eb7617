/**
 * Many containers at once, and kago killed at any moment: nothing stays that `delete --force` does not remove, no
 * cgroup, process, mount or state folder. Needs root.
 */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { KAGO, Kago } from "../harness/kago.ts";
import { run, runOk } from "../harness/run.ts";
import { EMULATED } from "../harness/emulated.ts";

/** An emulated host is thirty times as slow, so there as much is done as fits. */
const CONTAINERS = EMULATED ? 8 : 100;
const [ROUNDS, LEAST, SECONDS] = EMULATED ? [20, 3, 8] : [40, 6, 8];

/** Seconds for a command among so many. */
const PATIENCE = 240;

const SLEEP = { args: ["sh", "-c", "sleep 1001 & exec sleep 1000"] };

Deno.test(`${CONTAINERS} containers created and deleted in parallel leave no cgroup behind`, async () => {
  await Kago.with(SLEEP, async (kago) => {
    const ids = Array.from({ length: CONTAINERS }, (_, i) => `${kago.id}-${i}`);
    const started = performance.now();
    const results = await Promise.all(ids.map(async (id) => {
      const output = `${kago.bundle.path}/output-${id}`;
      const create = ["create", "--bundle", kago.bundle.path, id];
      const created = await kago.runWith({ output, timeout: PATIENCE }, ...create);
      const startedUp = await kago.runWith({ timeout: PATIENCE }, "start", id);
      const deleted = await kago.runWith({ timeout: PATIENCE }, "delete", "--force", id);
      return [created, startedUp, deleted].map((
        { code, stdout, stderr },
      ) => [code, stdout + stderr]);
    }));
    const good = [[0, ""], [0, ""], [0, ""]];
    assertEquals(results, ids.map(() => good));
    assert(performance.now() - started < 300_000, "it took more than 5 minutes");
    assertEquals(leftovers(kago.id), []);
    assertEquals((await kago.run("list", "-q")).stdout, "");
  });
});

/** Cgroups whose name begins with the id. */
function leftovers(id: string): string[] {
  const find = new Deno.Command("find", {
    args: ["/sys/fs/cgroup", "-type", "d", "-name", `${id}*`],
    stdin: "null",
  }).outputSync();
  return new TextDecoder().decode(find.stdout).split("\n").filter(Boolean);
}

/** Ends a command at a random moment of its first `milliseconds`: whether it was still there. */
async function killDuring(kago: Kago, args: readonly string[], milliseconds: number) {
  const child = new Deno.Command(KAGO, {
    args: ["--root", kago.root, ...args],
    stdin: "null",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const closed = child.stdout.pipeTo(new WritableStream());
  const timer = setTimeout(() => {
    try {
      child.kill("SIGKILL");
    } catch (error) {
      if (!(error instanceof TypeError)) throw error; // it has ended
    }
  }, Math.random() * milliseconds);
  const { signal } = await child.status;
  clearTimeout(timer);
  return { killed: signal === "SIGKILL", closed };
}

interface Victim {
  readonly name: string;
  /** Run before, and must succeed. */
  readonly before: readonly (readonly string[])[];
  readonly args: readonly string[];
  /** The entry stub does it by itself, unless it is to tell of it. */
  readonly byStub?: true;
}

/** `ID` stands for the container's id, `BUNDLE` for its bundle's path. */
const CREATE = ["create", "--bundle", "BUNDLE", "ID"];
const VICTIMS: readonly Victim[] = [
  { name: "create", before: [], args: CREATE },
  { name: "run", before: [], args: ["run", "--bundle", "BUNDLE", "ID"] },
  { name: "start", before: [CREATE], args: ["start", "ID"], byStub: true },
  { name: "pause", before: [CREATE, ["start", "ID"]], args: ["pause", "ID"], byStub: true },
  {
    name: "update",
    before: [CREATE, ["start", "ID"]],
    args: ["update", "--memory", "64M", "--pids-limit", "40", "--cpu-share", "512", "ID"],
  },
  {
    name: "delete",
    before: [CREATE, ["kill", "ID", "KILL"]],
    args: ["delete", "ID"],
    byStub: true,
  },
  {
    name: "delete --force",
    before: [CREATE, ["start", "ID"]],
    args: ["delete", "--force", "ID"],
  },
];

function fill(kago: Kago, words: readonly string[]): string[] {
  return words.map((word) => ({ ID: kago.id, BUNDLE: kago.bundle.path })[word] ?? word);
}

async function prepare(kago: Kago, { name, before }: Victim): Promise<void> {
  for (const words of before) {
    const output = `${kago.bundle.path}/output`;
    const { code, stdout } = await kago.runWith({ output }, ...fill(kago, words));
    assertEquals(code, 0, stdout);
  }
  if (name === "delete") await kago.until("stopped");
}

for (const victim of VICTIMS) {
  const { name, byStub } = victim;
  Deno.test(`kago killed at any moment of ${name} leaves nothing that delete --force cannot clean`, async () => {
    await Kago.with(SLEEP, async (kago) => {
      const args = [...(byStub ? ["--debug"] : []), ...fill(kago, victim.args)];
      await prepare(kago, victim);
      let span = await timeOf(kago, args);
      await cleanUp(kago);
      let kills = 0;
      const end = performance.now() + SECONDS * 1000;
      const isDue = (round: number) => round < LEAST || kills === 0 || performance.now() < end;
      for (let i = 0; i < ROUNDS && isDue(i); i++) {
        await prepare(kago, victim);
        const started = performance.now();
        const { killed, closed } = await killDuring(kago, args, span);
        if (killed) kills++;
        else span = Math.min(span, performance.now() - started); // the first time it was slow
        await cleanUp(kago);
        // Nobody has the output of the command open any more: no process of the container is left.
        await withLimit(closed, `round ${i}: a process is left`);
      }
      assert(kills > 0, "it was never killed");
    });
  });
}

for (const victim of VICTIMS.filter(({ byStub }) => byStub)) {
  Deno.test(`the stub killed at each system call of ${victim.name} leaves nothing that delete --force cannot clean`, async () => {
    await Kago.with(SLEEP, async (kago) => {
      const command = [KAGO, "--root", kago.root, ...fill(kago, victim.args)];
      await prepare(kago, victim);
      const calls = await callsOf(kago, command);
      await cleanUp(kago);
      assert(calls.length > 15, `too few for it: ${calls}`);
      assert(calls.length < 100, `too many for the stub: ${calls}`);
      for (const when of EMULATED ? calls.filter((_, index) => index % 5 === 0) : calls) {
        assert(await killAt(kago, victim, command, when), when);
      }
    });
  });
}

/** Kills the command at the call: false if it never reaches the call, though it makes it when it is traced. */
async function killAt(
  kago: Kago,
  victim: Victim,
  command: readonly string[],
  when: string,
): Promise<boolean> {
  const inject = ["--output=/dev/null", "-e", `inject=${when}`];
  for (let tries = 0; tries < 5; tries++) {
    await prepare(kago, victim);
    const { code } = await run("strace", [...inject, ...command]);
    await cleanUp(kago);
    if (code !== 0) return true;
    // How often a call is repeated, such as a look at the freezer, may depend on the time.
    await prepare(kago, victim);
    const calls = await callsOf(kago, command);
    await cleanUp(kago);
    if (!calls.includes(when)) return true;
  }
  return false;
}

/** The system calls of a command, as strace(1) is told of each: killed in front of it. */
async function callsOf(kago: Kago, command: readonly string[]): Promise<string[]> {
  const trace = `${kago.bundle.path}/trace`;
  await runOk("strace", [`--output=${trace}`, ...command]);
  const names = [...(await Deno.readTextFile(trace)).matchAll(/^(\w+)\(/gm)].map(([, name]) =>
    name!
  );
  const counts = new Map<string, number>();
  return names.slice(1).map((name) => {
    const count = (counts.get(name) ?? 0) + 1;
    counts.set(name, count);
    return `${name}:signal=KILL:when=${count}`;
  });
}

/** How long the command takes; one that does not end is run for as long as it takes to start. */
async function timeOf(kago: Kago, args: readonly string[]): Promise<number> {
  const started = performance.now();
  if (args[0] === "run") {
    const { closed } = { closed: run(KAGO, ["--root", kago.root, ...args]) };
    await kago.until("running");
    const span = performance.now() - started;
    await kago.run("delete", "--force", kago.id);
    await closed;
    return span;
  }
  const output = `${kago.bundle.path}/output`;
  const { code, stdout } = await kago.runWith({ output }, ...args);
  assertEquals(code, 0, stdout);
  return performance.now() - started;
}

async function cleanUp(kago: Kago): Promise<void> {
  const { code, stderr } = await kago.run("delete", "--force", kago.id);
  assertEquals(code, 0, stderr);
  assertEquals(leftovers(kago.id), []);
  assertEquals([...Deno.readDirSync(kago.root)], []);
  const mounts = await Deno.readTextFile("/proc/self/mountinfo");
  assert(!mounts.includes(kago.bundle.path), mounts);
  assertEquals(await holdersOf(`${kago.bundle.path}/output`), []);
  const gone = await kago.run("state", kago.id);
  assertStringIncludes(gone.stderr, "does not exist");
}

/** The processes that have a file open, once those that are dying are gone. */
async function holdersOf(path: string): Promise<string[]> {
  let holders: string[] = [];
  for (let i = 0; i < 100; i++) {
    const find = ["-c", 'find /proc/[0-9]*/fd -lname "$1" 2>/dev/null', "sh", path];
    const { stdout } = await new Deno.Command("sh", { args: find, stdin: "null" }).output();
    holders = new TextDecoder().decode(stdout).split("\n").filter(Boolean);
    if (holders.length === 0) break;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return holders;
}

async function withLimit(promise: Promise<unknown>, message: string): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(message)), 60_000);
  });
  await Promise.race([promise, limit]).finally(() => clearTimeout(timer));
}
