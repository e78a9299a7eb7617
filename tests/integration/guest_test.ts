/**
 * What ps, events and kill make of what a guest's agent says, does not say, and lies: the VM is a double, and so is the
 * agent, which is hostile here. The real ones are in tests/e2e. Needs root.
 */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { GUEST_PATIENCE } from "../../executors/libkrun/guest/ask.ts";
import { describeErrno, EBADMSG } from "../../runtime/common/errno.ts";
import {
  AgentDouble,
  FIGURES,
  frame,
  LIMITS,
  PROCESSES,
  reply,
  SIGNAL,
} from "../harness/agent_double.ts";
import { withGuestDouble } from "../harness/guest_double.ts";
import { KAGO, Kago } from "../harness/kago.ts";
import { until } from "../harness/until.ts";

const text = (value: string) => new TextEncoder().encode(value);

const SECONDS = GUEST_PATIENCE / 1000;

const LIST = "12\t1\t1000\t736159\tsleep\n1\t0\t0\t250\tsh -c\n0\t0\t0\t5\toutside\n";
const SIX = new BigUint64Array([256n << 20n, 200n << 20n, 4096n, 1234567n, 2n, 7n]);
const GUEST = {
  memory: { total: 256 << 20, available: 200 << 20, usage: 4096, oomKills: 7 },
  cpu: { usage: 1234567000 },
  pids: { current: 2 },
};

function honest(request: number): Uint8Array {
  if (request === FIGURES) return reply(new Uint8Array(SIX.buffer));
  return reply(request === PROCESSES ? text(LIST) : new Uint8Array());
}

/** A started microVM on doubles, whose agent was not asked before. */
function withGuest(use: (kago: Kago, agent: AgentDouble) => Promise<void>): Promise<void> {
  const early = async (kago: Kago, agent: AgentDouble) => {
    const { code, stderr } = await kago.run("ps", kago.id);
    assertEquals([code, stderr, agent.requests], [0, "", []], "no guest yet");
  };
  return withGuestDouble(use, early);
}

async function guestOf(kago: Kago): Promise<unknown> {
  const { code, stdout, stderr } = await kago.run("events", "--stats", kago.id);
  assertEquals(code, 0, stderr);
  const { data } = JSON.parse(stdout);
  assert(data.memory.usage.usage > 0, "the VMM's own are there");
  return data.guest;
}

/** `ps` falls back to the VMM's processes, after a warning. */
async function expectFallback(kago: Kago, problem: string): Promise<void> {
  const { pid } = await kago.state();
  const { code, stdout, stderr } = await kago.run("ps", kago.id);
  assertEquals(code, 0, stderr);
  const says = `the guest of container ${kago.id} ${problem}: these are its VMM's processes`;
  assertStringIncludes(stderr, says);
  assert(/^UID +PID +PPID +C /.test(stdout), stdout);
  assertMatch(stdout, new RegExp(`^root +${pid} `, "m"));
}

const CASES: Record<string, (kago: Kago, agent: AgentDouble) => Promise<void>> = {
  async "ps shows the guest's processes, and engines the VMM's pid"(kago, agent) {
    agent.answers = honest;
    const { pid } = await kago.state();
    const table = await kago.run("ps", kago.id);
    assertEquals(
      [table.stdout, table.stderr],
      [
        "UID          PID    PPID     TIME CMD\n" +
        "0              1       0 00:00:02 sh -c\n" +
        "1000          12       1 02:02:41 sleep\n",
        "",
      ],
    );
    assertEquals(JSON.parse((await kago.run("ps", "-f", "guest", kago.id)).stdout), {
      processes: [
        { pid: 1, ppid: 0, uid: 0, cpu: 2500000000, name: "sh -c" },
        { pid: 12, ppid: 1, uid: 1000, cpu: 7361590000000, name: "sleep" },
      ],
      leftOut: 0,
    });
    const pids = JSON.parse((await kago.run("ps", "--format", "json", kago.id)).stdout);
    assert(pids.includes(pid), `${pids}`);
    const host = await kago.run("ps", "--format", "host", kago.id, "-o", "pid=PID", "-e");
    assertEquals(host.stdout.trim().split(/\s+/), ["PID", ...pids.map(String)], host.stderr);
    const options = await kago.run("ps", kago.id, "-o", "pid,args");
    assertEquals([options.code, options.stdout], [1, ""]);
    assertStringIncludes(options.stderr, "-o pid,args is an option of the host's ps");
    assertEquals(agent.requests, [PROCESSES, PROCESSES], "asked for nothing else");
  },
  async "what a guest says reaches no terminal raw, and a cut list says so"(kago, agent) {
    const name = "\x1b[2J\x7f\u009b31m\u202eevil\r";
    agent.answers = () => reply(text(`1\t0\t0\t0\t${name}\n3\t1\t0\t0\t\n+41\n`));
    const { stdout, stderr } = await kago.run("ps", kago.id);
    assertEquals(stderr, "");
    assertEquals(stdout.split("\n").slice(1), [
      "0              1       0 00:00:00 ?[2J??31m?evil?",
      "0              3       1 00:00:00 ",
      "… and 41 more, which did not fit into the guest's answer",
      "",
    ]);
    const json = (await kago.run("ps", "--format", "guest", kago.id)).stdout;
    assertEquals(JSON.parse(json).leftOut, 41);
    assert(!/[^\n -~]/.test(json), json);
  },
  async "an answer that is not of its form is none"(kago, agent) {
    const figures = new Uint8Array(SIX.buffer);
    const lies: [number, Uint8Array][] = [
      [PROCESSES, reply(text("1\t0\t0\t0\tsh\nx"))],
      [PROCESSES, reply(text("-1\t0\t0\t0\tsh\n"))],
      [PROCESSES, reply(text(`1\t0\t0\t0\t${"x".repeat(5000)}\n`))],
      [PROCESSES, reply(new Uint8Array(16380).fill(10))],
      [PROCESSES, frame(5, new Uint8Array(4), { size: 1 << 20 })],
      [PROCESSES, frame(9, text("1\t0\t0\t0\tsh\n"))],
      [FIGURES, reply(figures.subarray(1))],
      [FIGURES, reply(new Uint8Array(49))],
      [FIGURES, reply(new Uint8Array(0))],
      // More nanoseconds than 64 bits hold.
      [FIGURES, reply(new Uint8Array(48).fill(0xff))],
      [FIGURES, frame(77, figures)],
    ];
    for (const [request, answer] of lies) {
      agent.answers = () => answer;
      if (request === FIGURES) assertEquals(await guestOf(kago), null);
      else await expectFallback(kago, "sent an answer that is not a list of processes");
    }
    const script = await kago.run("ps", "--format", "guest", kago.id);
    assertEquals([script.code, script.stdout], [1, ""]);
    assertStringIncludes(
      script.stderr,
      "not a list of processes; use --format host to see its VMM",
    );
  },
  async "a paused guest is not asked"(kago, agent) {
    agent.answers = honest;
    assertEquals((await kago.run("pause", kago.id)).code, 0);
    await expectFallback(kago, "cannot be asked: it is paused");
    assertEquals(await guestOf(kago), null);
    const script = await kago.run("ps", "--format", "guest", kago.id);
    assertStringIncludes(
      script.stderr,
      `cannot ask the guest of container ${kago.id}: it is paused`,
    );
    assertEquals(agent.requests, []);
    assertEquals((await kago.run("resume", kago.id)).code, 0);
    assertEquals(await guestOf(kago), GUEST);
  },
  async "events tells what the guest says beside the VMM's cgroup, once and in a stream"(
    kago,
    agent,
  ) {
    agent.answers = honest;
    assertEquals(await guestOf(kago), GUEST);
    const stream = new Deno.Command(KAGO, {
      args: ["--root", kago.root, "events", "--interval", "100ms", kago.id],
      stdin: "null",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    await until("three are asked for", () => agent.requests.length >= 3);
    agent.answers = () => reply(new Uint8Array(49));
    await until("five more are asked for", () => agent.requests.length >= 8);
    stream.kill("SIGTERM");
    const { stdout } = await stream.output();
    const guests = new TextDecoder().decode(stdout).trim().split("\n").map((line) =>
      JSON.parse(line).data.guest
    );
    assertEquals(guests[0], GUEST);
    assertEquals(guests.at(-1), null);
  },
  async "update says why a guest did not take limits, and does not ask an agent that is too old"(
    kago,
    agent,
  ) {
    const update = () => kago.run("update", "--cpu-quota", "50000", kago.id);
    const refusal = `the guest of container ${kago.id} did not apply the new limits`;
    const cases: [Uint8Array | undefined, string][] = [
      [reply(new Uint8Array(), -22), `: ${describeErrno(22)}; its cgroup on the host limits it`],
      [
        frame(77, new Uint8Array()),
        `: ${describeErrno(EBADMSG)}; its cgroup on the host limits it`,
      ],
      [undefined, ` in ${SECONDS} s; try again when it is less busy`],
    ];
    for (const [answer, problem] of cases) {
      agent.answers = () => answer;
      const { code, stderr } = await update();
      assertEquals(code, 1);
      assertStringIncludes(stderr, `${refusal}${problem}`);
    }
    assertEquals(agent.requests.splice(0), [LIMITS, LIMITS, LIMITS]);
    const file = `${kago.root}/${kago.id}/state.json`;
    const text = await Deno.readTextFile(file);
    const { agentLimits, ...old } = JSON.parse(text);
    assertEquals(agentLimits, true);
    await Deno.writeTextFile(file, JSON.stringify(old));
    const { code, stderr } = await update();
    assertEquals([code, stderr, agent.requests], [0, "", []]);
    await Deno.writeTextFile(file, text);
  },
  async "a guest that stalls costs seconds: figures are null, ps falls back, and only KILL needs no answer"(
    kago,
    agent,
  ) {
    const begin = performance.now();
    // Every frame begins, and none ends.
    for (const answer of [undefined, reply(text(LIST)).subarray(0, 20)]) {
      agent.answers = () => answer;
      const fallback = expectFallback(kago, `did not answer in ${SECONDS} s`);
      assertEquals(await guestOf(kago), null);
      await fallback;
    }
    const [script, term] = await Promise.all([
      kago.run("ps", "--format", "guest", kago.id),
      kago.run("kill", kago.id, "TERM"),
    ]);
    assertEquals([script.code, script.stdout], [1, ""]);
    assertStringIncludes(
      script.stderr,
      `did not answer in ${SECONDS} s; use --format host to see its VMM`,
    );
    assertEquals(term.code, 1);
    const late = `did not accept signal 15 in ${SECONDS} s; KILL ends it without the guest's help`;
    assertStringIncludes(term.stderr, late);
    const limit = 3 * GUEST_PATIENCE + 60_000;
    assert(performance.now() - begin < limit, "three times the patience, and what kago takes");
    assertEquals((await kago.state()).status, "running");
    assertEquals((await kago.run("kill", kago.id, "KILL")).code, 0);
    await kago.until("stopped");
    assertEquals(agent.requests.filter((request) => request === SIGNAL).length, 1);
  },
};

Deno.test("a guest's agent is asked, and not believed", async (t) => {
  await withGuest(async (kago, agent) => {
    for (const [name, fn] of Object.entries(CASES)) {
      agent.requests.length = 0;
      await t.step(name, () => fn(kago, agent));
    }
  });
});

Deno.test("a plain container has no guest", async () => {
  await Kago.with({ args: ["sleep", "1000"] }, async (kago) => {
    await kago.create();
    await kago.run("start", kago.id);
    const { code, stderr } = await kago.run("ps", "--format", "guest", kago.id);
    assertEquals(code, 1);
    assertStringIncludes(stderr, `container ${kago.id} has no guest that can list`);
    const host = await kago.run("ps", "--format", "host", kago.id);
    assertEquals(host.stdout, (await kago.run("ps", kago.id)).stdout);
    assertEquals(await guestOf(kago), undefined);
  });
});
