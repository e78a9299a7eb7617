/**
 * The process on the host that stands for one in a guest: what it may do, and what becomes of it when the agent lies. The
 * agent is a double; the real one is in tests/e2e. Needs root.
 */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import {
  type AgentDouble,
  BYE,
  concat,
  CREDIT,
  DATA,
  END,
  EXIT,
  FAILED,
  frame,
  RESIZE,
  STARTED,
  words,
} from "../harness/agent_double.ts";
import { withGuestDouble } from "../harness/guest_double.ts";
import { KAGO, type Kago } from "../harness/kago.ts";
import { inTerminal } from "../harness/terminal.ts";
import { until } from "../harness/until.ts";
import { isThere } from "../../runtime/common/files.ts";

const text = (value: string) => new TextEncoder().encode(value);
const data = (value: string, stream = 1) => frame(DATA, text(value), { stream });
const ends = concat(frame(END, undefined, { stream: 1 }), frame(END, undefined, { stream: 2 }));
const exit = (code: number) => frame(EXIT, words(code));

/** What an operation's path looks like, as of helper-c/stage/failure.c. */
const finding = (field: number, found: number, path: string) =>
  concat(Uint8Array.of(field, found, path.length & 0xff, path.length >> 8), text(path));

/** The operation of a process in the guest that enters its folder, after `setsid`. */
const CHDIR = 1;
const ENOENT = "no such file or directory (ENOENT)";

const WINDOW = 48 << 10;
const KILLED = 137;

/** The process that stands for one that never ends. */
async function standIn(kago: Kago): Promise<number> {
  const pidFile = `${kago.bundle.path}/pid`;
  const args = ["exec", "--detach", "--pid-file", pidFile, kago.id, "x"];
  const { code, stderr } = await kago.run(...args);
  assertEquals(code, 0, stderr);
  return Number(Deno.readTextFileSync(pidFile));
}

const CASES: Record<string, (kago: Kago, agent: AgentDouble) => Promise<void>> = {
  async "a session has the streams and the exit code that the agent tells"(kago, agent) {
    agent.answers = () =>
      concat(frame(STARTED), data("out\n"), data("err\n", 2), data("more\n"), ends, exit(41));
    const { code, stdout, stderr } = await kago.run("exec", kago.id, "x");
    assertEquals([code, stdout, stderr], [41, "out\nmore\n", "err\n"]);
    assertEquals(agent.last.at(-8), BYE, "only then the connection ends");
  },
  async "what stands for a process has no rights, a filter, and nothing open but what it relays"(
    kago,
    agent,
  ) {
    agent.answers = () => frame(STARTED);
    const pid = await standIn(kago);
    const status = Deno.readTextFileSync(`/proc/${pid}/status`);
    for (const set of ["Inh", "Prm", "Eff", "Amb"]) {
      assertMatch(status, new RegExp(`^Cap${set}:\t0{16}$`, "m"));
    }
    assertMatch(status, /^NoNewPrivs:\t1$/m);
    assertMatch(status, /^Seccomp:\t2$/m);
    const open = [...Deno.readDirSync(`/proc/${pid}/fd`)]
      .map(({ name }) => Deno.readLinkSync(`/proc/${pid}/fd/${name}`));
    const kinds = open.map((path) => path.replace(/:\[\d+\]$/, "")).sort();
    // Its stdin, /dev/null, has ended.
    assertEquals(kinds, ["anon_inode:[signalfd]", "pipe", "pipe", "socket"]);
    // Still there after it was stopped in its only wait.
    Deno.kill(pid, "SIGSTOP");
    await until(
      "it stands still",
      () => /^State:\tT/m.test(Deno.readTextFileSync(`/proc/${pid}/status`)),
    );
    Deno.kill(pid, "SIGCONT");
    agent.last = new Uint8Array();
    Deno.kill(pid, "SIGUSR1");
    await until("it passes a signal on", () => agent.last.length > 0);
    Deno.kill(pid, "SIGKILL");
  },
  async "what came before a lie after the exit code is written, and the code is kept"(kago, agent) {
    const output = Array.from({ length: 4 }, () => "x".repeat(8192));
    agent.answers = () =>
      concat(frame(STARTED), ...output.map((part) => data(part)), exit(41), frame(200));
    const { code, stdout, stderr } = await kago.run("exec", kago.id, "x");
    assertEquals([code, stdout, stderr], [41, output.join(""), ""]);
  },
  async "a session on a terminal passes its size on"(kago, agent) {
    agent.answers = () =>
      concat(frame(STARTED), data("out\r\n"), frame(END, undefined, { stream: 1 }), exit(9));
    const line = `${KAGO} --root ${kago.root} exec -t ${kago.id} x`;
    const { code, stdout } = await inTerminal(line, { rows: 33, columns: 111 });
    assertEquals([code, stdout], [9, "out\r\n"]);
    assertEquals(agent.last.slice(-24), concat(frame(RESIZE, words(33, 111)), frame(BYE)));
  },
  async "what could not be started in the guest is one sentence"(kago, agent) {
    agent.answers = () => frame(FAILED, words(0xffffffff, 2));
    const { code, stdout, stderr } = await kago.run("exec", kago.id, "x");
    assertEquals([code, stdout], [255, ""]);
    assertStringIncludes(stderr, "no such file or directory");
  },
  async "what the agent has found of a path is told, and nothing else that it says"(kago, agent) {
    const args = ["exec", "--cwd", "/no/such", "--env", "HOME=/", kago.id, "x"];
    const said = async (...findings: Uint8Array[]) => {
      agent.answers = () => frame(FAILED, concat(words(CHDIR, 2), ...findings));
      const { code, stderr } = await kago.run(...args);
      assertEquals(code, 255);
      const [line = "", ...rest] = stderr.split("\n");
      assertEquals(rest, [""]);
      return line.replace(/^.* msg=/, "");
    };
    const missing = (path: string) => finding(0, 3, path);
    const plain = String.raw`"process.cwd: \"/no/such\" cannot be entered: ${ENOENT}"`;
    assertEquals(await said(), plain);
    assertEquals(
      await said(missing("/no")),
      String.raw`"process.cwd: \"/no/such\" does not exist, \"/no\" is missing: ${ENOENT}"`,
    );
    const lies = [
      missing("/etc"),
      missing("/no/such\x1b[2J"),
      missing("\nlevel=error"),
      finding(9, 3, "/no"),
      finding(0, 9, "stdout"),
      missing("x".repeat(1020)),
    ];
    assertEquals(await said(...lies), plain);
    const malformed = [finding(0, 200, "/no"), missing("/no").subarray(0, 6), words(0xffff0000)];
    for (const one of malformed) {
      assertEquals(await said(one), '"malformed message from a stage process"');
    }
    const most = Array.from({ length: 6 }, () => missing("x".repeat(1024)));
    assertEquals(await said(...most), plain);
    assertStringIncludes(await said(...most, missing("/no")), "bad message (EBADMSG)");
  },
  async "an agent that lies ends its session, and nothing else"(kago, agent) {
    const flood = Array.from({ length: WINDOW / 8192 + 1 }, () => data("x".repeat(8192)));
    const lies: [string, Uint8Array][] = [
      ["a frame that is none", frame(200)],
      ["a second start", frame(STARTED)],
      ["data for stdin, after its end", concat(frame(END), data("x", 0))],
      ["data after the end", concat(ends, data("x"))],
      ["more than the credit", concat(...flood, ...flood, ...flood)],
      ["credit that was not spent", frame(CREDIT, words(1))],
      ["a stream that is none", frame(DATA, text("x"), { stream: 3 })],
      ["a length that is too much", frame(DATA, text("x"), { stream: 1, size: 1 << 30 })],
      ["a reply", frame(5, words(0))],
    ];
    for (const [name, lie] of lies) {
      agent.answers = () => concat(frame(STARTED), lie);
      const { code, stderr } = await kago.run("exec", kago.id, "x");
      assertEquals([code, stderr], [KILLED, ""], name);
    }
    // Before the start: the lie is what exec failed for.
    agent.answers = () => frame(200);
    const { code, stderr } = await kago.run("exec", kago.id, "x");
    assertEquals(code, 255, stderr);
    assert(/level=error msg=/.test(stderr), stderr);
    assertEquals((await kago.state()).status, "running");
  },
};

Deno.test("what stands for a process in a guest takes the guest for hostile", async (t) => {
  await withGuestDouble(async (kago, agent) => {
    for (const [name, fn] of Object.entries(CASES)) await t.step(name, () => fn(kago, agent));
  });
});

Deno.test("a process is not waited for in a VM that has ended", async () => {
  await withGuestDouble(async (kago) => {
    await Deno.remove(`${kago.root}/${kago.id}/agent.sock`);
    const pidFile = `${kago.bundle.path}/pid`;
    const exec = kago.run("exec", "--pid-file", pidFile, kago.id, "x");
    await until("it waits for the agent", () => isThere(pidFile));
    Deno.kill((await kago.state()).pid as number, "SIGKILL");
    const { code, stderr } = await exec;
    assertEquals(code, 255);
    assertStringIncludes(stderr, "the VM has ended");
  });
});
