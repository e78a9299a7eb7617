/** Figures of a guest, and how it is frozen and killed, with the real libkrun on cgroup v2: one VM for most tests. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { GUEST_PATIENCE } from "../../../executors/libkrun/guest/ask.ts";
import { Kago } from "../../harness/kago.ts";
import type { RunResult } from "../../harness/run.ts";
import { until } from "../../harness/until.ts";

const SECONDS = GUEST_PATIENCE / 1000;

const COUNT =
  "trap '' USR1; echo up; i=0; while :; do i=$((i+1)); echo $i > /counter; sleep 0.1; done";

/** A microVM that counts in a file of its root. */
async function withGuest(
  use: (kago: Kago, running: Promise<RunResult>) => Promise<void>,
): Promise<void> {
  const annotations = { "run.oci.handler": "krun", "krun.ram_mib": "256" };
  await Kago.with({ annotations, args: ["/bin/sh", "-c", COUNT] }, async (kago) => {
    const running = kago.background();
    await until("the guest counts", () => counter(kago) > 0);
    await use(kago, running);
  });
}

function wait(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

async function ok(kago: Kago, command: string): Promise<void> {
  const { code, stderr } = await kago.run(command, kago.id);
  assertEquals(code, 0, stderr);
}

/** The guest's count; 0 before it has begun, or during a write. */
function counter({ bundle }: Kago): number {
  try {
    return Number(Deno.readTextFileSync(`${bundle.rootfs}/counter`));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return 0;
    throw error;
  }
}

async function advances(kago: Kago): Promise<void> {
  const begin = counter(kago);
  await until("the guest counts on", () => counter(kago) > begin + 2);
}

// deno-lint-ignore no-explicit-any
async function stats(kago: Kago): Promise<any> {
  const { code, stdout, stderr } = await kago.run("events", "--stats", kago.id);
  assertEquals(code, 0, stderr);
  return JSON.parse(stdout).data;
}

interface Listed {
  readonly pid: number;
  readonly ppid: number;
  readonly uid: number;
  readonly cpu: number;
  readonly name: string;
}

async function processes(kago: Kago): Promise<Listed[]> {
  const { code, stdout, stderr } = await kago.run("ps", "--format", "guest", kago.id);
  assertEquals(code, 0, stderr);
  const { processes, leftOut } = JSON.parse(stdout);
  assertEquals(leftOut, 0);
  return processes;
}

async function detached(kago: Kago, ...args: string[]): Promise<void> {
  const started = await kago.runWith({ timeout: 60 }, "exec", "--detach", ...args);
  assertEquals(started.code, 0, started.stderr);
}

/** ps warns, and shows the VMM. */
async function expectFallback(kago: Kago, problem: string): Promise<void> {
  const { code, stdout, stderr } = await kago.run("ps", kago.id);
  assertEquals(code, 0, stderr);
  assertStringIncludes(stderr, `the guest of container ${kago.id} ${problem}`);
  assertMatch(stdout, new RegExp(`^root +${(await kago.state()).pid} `, "m"));
}

const CASES: Record<string, (kago: Kago) => Promise<void>> = {
  async "ps shows the guest's processes with their users, and engines get the VMM's pid"(kago) {
    await detached(kago, "--user", "1000:1000", kago.id, "/bin/sleep", "1234");
    const list = await processes(kago);
    const { pid, ppid, uid, name } = list[0]!;
    assertEquals([pid, ppid, uid, name], [1, 0, 0, "sh"]);
    const sleep = list.find((one) => one.uid === 1000)!;
    assertEquals([sleep.name, sleep.ppid], ["sleep", 0]);
    const { stdout, stderr } = await kago.run("ps", kago.id);
    assertEquals(stderr, "");
    assertMatch(stdout, /^UID +PID +PPID +TIME CMD\n0 +1 +0 \d\d:\d\d:\d\d sh\n/);
    assertMatch(stdout, new RegExp(`^1000 +${sleep.pid} +0 00:00:\\d\\d sleep$`, "m"));
    const pids = JSON.parse((await kago.run("ps", "--format", "json", kago.id)).stdout);
    assert(pids.includes((await kago.state()).pid), `${pids}`);
  },
  async "a process's name adds no line to the list, and no escape sequence to the terminal"(kago) {
    const script = "printf 'x\\n1\\t0\\t0\\t0\\tsh' > /proc/self/comm; read nothing < /fifo";
    await Deno.chmod(kago.bundle.rootfs, 0o755);
    const made = await kago.run("exec", kago.id, "/bin/mkfifo", "/fifo");
    assertEquals(made.code, 0, made.stderr);
    await detached(kago, kago.id, "/bin/sh", "-c", script);
    await detached(kago, kago.id, "/bin/sh", "-c", script.replace(/'.*'/, "'\\033[2J\\177'"));
    const names = async () => (await processes(kago)).map(({ name }) => name);
    await until("both have their names", async () => {
      const list = await names();
      return list.includes("x?1?0?0?0?sh") && list.includes("?[2J?");
    });
    const { stdout } = await kago.run("ps", kago.id);
    assert(!/[^\n -~]/.test(stdout), stdout);
  },
  async "events adds the guest's memory, cpu and pids to what the VMM's cgroup has"(kago) {
    const before = await stats(kago);
    await advances(kago);
    const after = await stats(kago);
    const { memory, cpu, pids } = after.guest;
    assert(memory.total > 128 << 20 && memory.total < 300 << 20, JSON.stringify(memory));
    assert(memory.available > 0 && memory.available < memory.total, JSON.stringify(memory));
    assert(memory.usage > 0 && memory.usage < memory.total, JSON.stringify(memory));
    assert(cpu.usage > before.guest.cpu.usage && before.guest.cpu.usage > 0, JSON.stringify(cpu));
    assert(pids.current >= 4 && pids.current < 10, JSON.stringify(pids));
    assert(after.cpu.usage.total > cpu.usage && after.memory.usage.usage > 0, "the VMM's cgroup");
  },
  async "pause stops the guest, and what asks it says so"(kago) {
    await ok(kago, "pause");
    assertEquals((await kago.state()).status, "paused");
    const stopped = counter(kago);
    await wait(1500);
    assertEquals(counter(kago), stopped);
    await expectFallback(kago, "cannot be asked: it is paused");
    assertEquals((await stats(kago)).guest, null);
    const refused = await kago.run("exec", kago.id, "/bin/true");
    assertEquals(refused.code, 255);
    assertStringIncludes(refused.stderr, "it is paused, not running");
    // As in a plain container, the executed process is frozen too.
    let ended = false;
    const ignoring = kago.runWith(
      { timeout: 60 },
      "exec",
      "--ignore-paused",
      kago.id,
      "/bin/echo",
      "x",
    )
      .finally(() => ended = true);
    await wait(3000);
    assert(!ended && counter(kago) === stopped, "it waits");
    await ok(kago, "resume");
    const { code, stdout, stderr } = await ignoring;
    assertEquals([code, stdout], [0, "x\n"], stderr);
    await advances(kago);
    assertEquals((await processes(kago))[0]?.name, "sh");
  },
  async "a VMM that stands still is reported in bounded time, and recovers"(kago) {
    const pid = (await kago.state()).pid as number;
    Deno.kill(pid, "SIGSTOP");
    const begin = performance.now();
    const { code, stderr } = await kago.run("kill", kago.id, "USR1");
    assertEquals(code, 1);
    assertStringIncludes(
      stderr,
      `did not accept signal 10 in ${SECONDS} s; KILL ends it without the guest's help`,
    );
    await expectFallback(kago, `did not answer in ${SECONDS} s`);
    assertEquals((await stats(kago)).guest, null);
    assert(performance.now() - begin < 180_000, "three times the patience, and three slow starts");
    Deno.kill(pid, "SIGCONT");
    await until("it answers again", async () => (await stats(kago)).guest !== null);
  },
};

Deno.test("a microVM's figures, and its pauses", async (t) => {
  await withGuest(async (kago, running) => {
    for (const [name, fn] of Object.entries(CASES)) await t.step(name, () => fn(kago));
    await t.step("KILL ends a VMM that stands still", async () => {
      Deno.kill((await kago.state()).pid as number, "SIGSTOP");
      assertEquals((await kago.run("kill", kago.id, "TERM")).code, 1);
      assertEquals((await kago.run("kill", kago.id, "KILL")).code, 0);
      assertEquals((await running).code, 137);
    });
  });
});

Deno.test("KILL ends a paused microVM, and delete --force does", async () => {
  for (const end of [["kill"], ["delete", "--force"]]) {
    await withGuest(async (kago, running) => {
      await ok(kago, "pause");
      const [command, ...options] = end;
      const signal = command === "kill" ? ["KILL"] : [];
      const ended = await kago.run(command!, ...options, kago.id, ...signal);
      assertEquals(ended.code, 0, ended.stderr);
      assertEquals((await running).code, 137);
      assertEquals(kago.cgroups(), []);
    });
  }
});
