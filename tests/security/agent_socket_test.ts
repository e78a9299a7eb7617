/**
 * A VMM that has been taken over leads what is asked of it to another VM: it can put what it likes where libkrun made the agent's
 * socket. VMM and agent are doubles. Needs root.
 */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { concat, END, EXEC, EXIT, frame, STARTED, words } from "../harness/agent_double.ts";
import type { AgentDouble } from "../harness/agent_double.ts";
import { withGuestDouble } from "../harness/guest_double.ts";
import type { Kago } from "../harness/kago.ts";
import { run, runOk } from "../harness/run.ts";
import { until } from "../harness/until.ts";

const SOCKET = "agent.sock";

/** All that is in the folder of a VMM. */
const SOCKETS = `${SOCKET},streams.sock`;

/** Where the VMM of the container has its agent's socket: a folder by a path of the host's. */
async function folderOfVmm(kago: Kago): Promise<string> {
  const { pid } = await kago.state();
  let found: string | undefined;
  await until("the VMM has the agent's socket", () => {
    found = [...Deno.readDirSync(`/proc/${pid}/fd`)]
      .map(({ name }) => `/proc/${pid}/fd/${name}/.`)
      .find((path) => namesIn(path).sort().join() === SOCKETS);
    return found !== undefined;
  });
  return found!;
}

/** None of what is no folder. */
function namesIn(path: string): string[] {
  try {
    return [...Deno.readDirSync(path)].map(({ name }) => name);
  } catch {
    return [];
  }
}

/** Two microVMs: `a`, whose VMM is hostile, and `b`. */
async function withTwo(
  use: (a: Kago, b: Kago, agentOfB: AgentDouble, agentOfA: AgentDouble) => Promise<void>,
): Promise<void> {
  await withGuestDouble(async (a, agentOfA) => {
    await withGuestDouble((b, agentOfB) => {
      const ends = [1, 2].map((stream) => frame(END, undefined, { stream }));
      const answer = concat(frame(STARTED), ...ends, frame(EXIT, words(0)));
      agentOfA.answers = agentOfB.answers = (request) => request === EXEC ? answer : undefined;
      return use(a, b, agentOfB, agentOfA);
    });
  });
}

const SECRET = ["-e", "SECRET=of-a"];

/** What must not come to b; an end within seconds, and no minutes' wait, is not what this is about. */
async function assertKept(a: Kago, agentOfB: AgentDouble): Promise<void> {
  const exec = await a.runWith({ timeout: 10 }, "exec", ...SECRET, a.id, "x")
    .catch((error: Error) => error.message);
  const kill = await a.runWith({ timeout: 30 }, "kill", a.id, "TERM")
    .catch((error: Error) => error.message);
  assertEquals(agentOfB.requests, [], `${JSON.stringify(exec)} ${JSON.stringify(kill)}`);
}

Deno.test("what is asked of a VM whose VMM put a link to another's socket in its place comes to no other", async () => {
  await withTwo(async (a, b, agentOfB) => {
    const [ofA, ofB] = [await folderOfVmm(a), await folderOfVmm(b)];
    Deno.removeSync(`${ofA}/${SOCKET}`);
    Deno.symlinkSync(`${ofB}/${SOCKET}`, `${ofA}/${SOCKET}`);
    await assertKept(a, agentOfB);
  });
});

Deno.test("a socket of another process in the agent's place is not talked to", async () => {
  await withTwo(async (a, _b, _agentOfB, agentOfA) => {
    const ofA = await folderOfVmm(a);
    Deno.removeSync(`${ofA}/${SOCKET}`);
    // As another VMM's, which was moved there: this test's.
    const path = `${ofA}/${SOCKET}`;
    using listener = Deno.listen({ transport: "unix", path });
    let callers = 0;
    const serving = (async () => {
      for await (const connection of listener) {
        await connection.write(frame(1)).catch(() => {});
        const bytes = new Uint8Array(64);
        const size = await connection.read(bytes).catch(() => null);
        if (size) callers++;
        connection.close();
      }
    })();
    await a.runWith({ timeout: 10 }, "exec", ...SECRET, a.id, "x").catch(() => {});
    listener.close();
    await serving;
    assertEquals([callers, agentOfA.requests], [0, []]);
  });
});

Deno.test("a link or another's socket in place of the door is refused with a reason", async () => {
  await withTwo(async (a, b, agentOfB) => {
    const [door, other] = [`${a.root}/${a.id}/${SOCKET}`, `${b.root}/${b.id}/${SOCKET}`];
    for (const place of [() => Deno.symlinkSync(other, door), () => Deno.linkSync(other, door)]) {
      Deno.removeSync(door);
      place();
      const { code, stderr } = await a.run("exec", ...SECRET, a.id, "x");
      assertEquals(code, 255);
      assertStringIncludes(stderr, `${door} is not its VM's own`);
    }
    assertEquals(agentOfB.requests, []);
  });
});

Deno.test("a VMM fills nothing of the host's, and its directory holds neither programs nor devices", async () => {
  await withGuestDouble(async (kago) => {
    const folder = await folderOfVmm(kago);
    // A filesystem of its own, with an end to it.
    assert(Deno.statSync(folder).dev !== Deno.statSync(kago.root).dev, "it is on the host's");
    let made = 0;
    try {
      for (; made < 1000; made++) Deno.mkdirSync(`${folder}/${made}`);
    } catch (error) {
      assertStringIncludes((error as Error).message, "No space left");
    }
    assert(made < 16, `${made} folders`);
    for (let number = 0; number < made; number++) Deno.removeSync(`${folder}/${number}`);
    const script = `${folder}/script`;
    Deno.writeTextFileSync(script, "#!/bin/sh\n", { mode: 0o755 });
    const ran = await run("sh", ["-c", script]);
    assertStringIncludes(ran.stderr, "Permission denied");
    await runOk("mknod", ["-m", "666", `${folder}/null`, "c", "1", "3"]);
    const opened = await run("sh", ["-c", `: <${folder}/null`]);
    assertStringIncludes(opened.stderr, "Permission denied");
    // The state has nothing that is the VMM's user's to write.
    const state = `${kago.root}/${kago.id}`;
    for (const { name } of Deno.readDirSync(state)) {
      const info = Deno.lstatSync(`${state}/${name}`);
      assertEquals([info.uid, info.mode! & 0o022], [0, 0], name);
    }
  });
});
