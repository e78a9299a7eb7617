/**
 * Unix sockets among a microVM's volumes: the VMM's end of them, in its jail. libkrun and the agent are doubles; with the real
 * ones it is tests/e2e/in_microvm_host/sockets_test.ts. Needs root.
 */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { buildLibkrunDouble, type LibkrunDouble } from "../doubles/libkrun/build.ts";
import {
  AgentDouble,
  type Answers,
  BYE,
  CLOSED,
  concat,
  DATA,
  END,
  frame,
  reply,
  SIGNAL,
  SOCKET,
  STARTED,
} from "../harness/agent_double.ts";
import { Kago } from "../harness/kago.ts";
import { until } from "../harness/until.ts";

/** What the double records of a connection to a guest in which nobody listens. */
const EARLY = "connection without an agent";

/** A stream server at `path`, which takes what comes to its end, and answers in capitals. */
class Server implements AsyncDisposable {
  readonly got: string[] = [];
  readonly #listener: Deno.UnixListener;
  readonly #serving: Promise<void>;

  constructor(path: string, mode: number) {
    this.#listener = Deno.listen({ transport: "unix", path });
    Deno.chmodSync(path, mode);
    this.#serving = this.#serve();
  }

  async #serve(): Promise<void> {
    for await (const connection of this.#listener) {
      let text = "";
      const buffer = new Uint8Array(1000);
      for (let size; (size = await connection.read(buffer)) !== null;) {
        text += new TextDecoder().decode(buffer.subarray(0, size));
      }
      await connection.write(new TextEncoder().encode(text.toUpperCase()));
      connection.close();
      this.got.push(text);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    await this.#serving;
  }
}

/** A microVM of user 1234 with the bundle's x.sock at /run/x.sock, not created, and its libkrun, for which no agent listens. */
async function withoutAgent(
  makeSocket: (path: string) => void,
  use: (kago: Kago, double: LibkrunDouble) => Promise<void>,
): Promise<void> {
  using double = await buildLibkrunDouble();
  const options = {
    args: ["/bin/sleep", "1000"],
    annotations: { "run.oci.handler": "krun" },
    mounts: [{ destination: "/run/x.sock", type: "bind", source: "x.sock", options: ["bind"] }],
    config: { process: { user: { uid: 1234, gid: 1234 } } },
  };
  await Kago.with(options, async (kago) => {
    await Deno.chmod(kago.bundle.path, 0o755);
    kago.globals.push(...double.options);
    makeSocket(`${kago.bundle.path}/x.sock`);
    await use(kago, double);
  });
}

function withSocket(
  makeSocket: (path: string) => void,
  use: (kago: Kago, agent: AgentDouble) => Promise<void>,
): Promise<void> {
  return withoutAgent(makeSocket, async (kago, { dir }) => {
    const agent = new AgentDouble(dir);
    try {
      await use(kago, agent);
    } finally {
      await agent.close();
    }
  });
}

async function start(kago: Kago): Promise<void> {
  assertEquals((await kago.create()).code, 0, kago.output());
  assertEquals((await kago.run("start", kago.id)).code, 0, kago.output());
}

/** The agent says once that somebody has connected, sent `hello`, and ended that direction. */
function oneClient(): Answers {
  const said = concat(frame(STARTED), frame(DATA, new TextEncoder().encode("hello")), frame(END));
  let left = 1;
  return (request) => request === SOCKET && left-- > 0 ? said : undefined;
}

Deno.test("a VMM connects to a socket of the host's from its jail, and relays both directions", async () => {
  let server: Server | undefined;
  await withSocket((path) => server = new Server(path, 0o666), async (kago, agent) => {
    await using _server = server!;
    agent.answers = oneClient();
    await start(kago);
    await until("the server has got it", () => server!.got.join() === "hello");
    const answer = concat(frame(DATA, new TextEncoder().encode("HELLO")), frame(END), frame(BYE));
    await until("the answer is there", () => agent.last.length === answer.length);
    assertEquals(agent.last, answer);
    assertEquals(kago.output(), "");
  });
});

Deno.test("a VMM connects with no other rights than the container's user's", async () => {
  let server: Server | undefined;
  await withSocket((path) => server = new Server(path, 0o600), async (kago, agent) => {
    await using _server = server!;
    agent.answers = oneClient();
    await start(kago);
    await kago.says("kago: microVM: /run/x.sock: Permission denied\n");
    assertEquals(server!.got, []);
  });
});

Deno.test("a VMM tells the agent that a server has gone", async () => {
  let server: Server | undefined;
  await withSocket((path) => server = new Server(path, 0o666), async (kago, agent) => {
    await start(kago);
    await until("the VMM asks", () => agent.requests.includes(SOCKET));
    await server![Symbol.asyncDispose]();
    await until("the agent hears", () => agent.last[0] === CLOSED);
    assertEquals(kago.output(), "");
  });
});

// The guest's driver has no room for packets at first, of which libkrun logs each as an error.
Deno.test("nothing connects to a guest before its agent listens", async () => {
  let server: Server | undefined;
  await withoutAgent((path) => server = new Server(path, 0o666), async (kago, double) => {
    await using _server = server!;
    await start(kago);
    const { pid } = await kago.state();
    Deno.kill(pid as number, "SIGUSR1");
    const killed = kago.run("kill", kago.id, "USR2");
    // Commands and the VMM would try again every 20 ms.
    await new Promise((resolve) => setTimeout(resolve, 500));
    const early = double.calls().filter(({ call }) => call === EARLY);
    const agent = new AgentDouble(double.dir);
    try {
      agent.answers = (request) => request === SIGNAL ? reply(new Uint8Array()) : undefined;
      const { code, stderr } = await killed;
      assertEquals([code, stderr], [0, ""]);
      await until("all are served", () => agent.requests.length === 3);
      assertEquals(agent.requests.sort((a, b) => a - b), [SIGNAL, SIGNAL, SOCKET]);
    } finally {
      await agent.close();
    }
    assertEquals(early, []);
  });
});

Deno.test("create is refused where the container's user does not get to a socket", async () => {
  let server: Server | undefined;
  await withSocket((path) => server = new Server(path, 0o666), async (kago) => {
    await using _server = server!;
    await Deno.mkdir(`${kago.bundle.rootfs}/run`, { recursive: true });
    await Deno.chmod(`${kago.bundle.rootfs}/run`, 0o700);
    const { code } = await kago.create();
    assertEquals(code, 1);
    assertStringIncludes(
      kago.output(),
      "microVM: the container's user cannot reach the socket /run/x.sock: permission denied",
    );
  });
});

Deno.test("create names the mount whose source leads nowhere, in a microVM too", async () => {
  await withSocket((path) => Deno.symlinkSync("x.sock", path), async (kago) => {
    const { mounts } = JSON.parse(await Deno.readTextFile(`${kago.bundle.path}/config.json`));
    const { code } = await kago.create();
    assertEquals(code, 1);
    assertStringIncludes(kago.output(), `mounts[${mounts.length - 1}].source: `);
    assertStringIncludes(kago.output(), "too many levels of symbolic links");
  });
});
