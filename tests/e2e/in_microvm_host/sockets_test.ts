/** Unix sockets of the host in a guest's volumes, with the real libkrun. Runs inside the emulated host. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { Kago } from "../../harness/kago.ts";
import { runOk } from "../../harness/run.ts";

const KRUN = { "run.oci.handler": "krun", "krun.ram_mib": "256" };
const MIB = 1 << 20;

/** Serves connections to a socket in the bundle's directory until it is closed. */
class Server implements Disposable {
  readonly #listener: Deno.UnixListener;
  #closed = false;
  /** Connections that have ended. */
  ended = 0;

  constructor(path: string, serve: (connection: Deno.UnixConn) => Promise<void>, mode = 0o666) {
    this.#listener = Deno.listen({ transport: "unix", path });
    Deno.chmodSync(path, mode);
    this.#accept(serve);
  }

  async #accept(serve: (connection: Deno.UnixConn) => Promise<void>): Promise<void> {
    for await (const connection of this.#listener) {
      serve(connection).catch((error) => console.error(`the server: ${error}`)).finally(() => {
        connection.close();
        this.ended++;
      });
    }
  }

  close(): void {
    if (!this.#closed) this.#listener.close();
    this.#closed = true;
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

async function writeAll(connection: Deno.UnixConn, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await connection.write(bytes.subarray(at));
}

/** Echoes data, and closes after the other side has closed its direction. */
async function echo(connection: Deno.UnixConn): Promise<void> {
  const buffer = new Uint8Array(5000);
  for (let n; (n = await connection.read(buffer)) !== null;) {
    await writeAll(connection, buffer.subarray(0, n));
  }
}

/** Sends much data and closes at once, whatever the other side does. */
async function burst(connection: Deno.UnixConn): Promise<void> {
  await writeAll(connection, new Uint8Array(MIB).fill(120));
}

async function compileTool(path: string): Promise<void> {
  const source = new URL("socket_tool.c", import.meta.url).pathname;
  await runOk("cc", ["-O1", "-Wall", "-Wextra", "-static", "-o", path, source]);
}

const bind = (name: string, destination = `/run/${name}`) => ({
  destination,
  type: "bind",
  source: name,
  options: ["bind"],
});

interface Guest {
  readonly kago: Kago;
  /** Serves echo.sock. */
  readonly echo: Server;
  /** Runs the tool in the guest, as this user. */
  tool(args: readonly string[], user?: number): Promise<string>;
}

/** A running guest with echo.sock, burst.sock and root.sock, and its own tmpfs on /own. */
async function withGuest(use: (guest: Guest) => Promise<void>): Promise<void> {
  const own = { destination: "/own", type: "tmpfs", source: "tmpfs" };
  const mounts = [
    ...["echo.sock", "burst.sock", "root.sock"].map((name) => bind(name)),
    ...[own, bind("echo.sock", "/own/again.sock")],
  ];
  const options = {
    annotations: KRUN,
    args: ["/bin/sh", "-c", "echo booted; exec sleep 1000"],
    mounts,
  };
  await Kago.with(options, async (kago) => {
    const { path, rootfs } = kago.bundle;
    await compileTool(`${rootfs}/bin/socket_tool`);
    using echoing = new Server(`${path}/echo.sock`, echo);
    using _burst = new Server(`${path}/burst.sock`, burst);
    using _root = new Server(`${path}/root.sock`, echo, 0o600);
    const created = await kago.create();
    assertEquals(created.code, 0, kago.output());
    assertEquals((await kago.run("start", kago.id)).code, 0);
    await kago.says("booted");
    const tool = async (args: readonly string[], user = 0) => {
      const { stdout, stderr } = await kago.runWith(
        { timeout: 120 },
        ...["exec", "--user", String(user), kago.id, "/bin/socket_tool", ...args],
      );
      assertEquals(stderr, "");
      return stdout.trimEnd();
    };
    await use({ kago, tool, echo: echoing });
  });
}

Deno.test("a guest's processes use the host's sockets on its volumes", async () => {
  await withGuest(async ({ kago, tool }) => {
    assertEquals(await tool(["ask", "/run/echo.sock", "hello"]), "hello");
    assertEquals(await tool(["ask", "/own/again.sock", "below a tmpfs"]), "below a tmpfs");
    assertEquals(await tool(["echo", "/run/echo.sock", String(MIB)]), String(MIB));
    assertEquals((await tool(["ask", "/run/burst.sock", "x"])).length, MIB);
    assertEquals(await tool(["many", "/run/echo.sock", "40"]), "40");
    // Owner and mode are the host's, and so is the permission to connect.
    assertEquals(await tool(["stat", "/run/root.sock"]), "140600 0 0");
    assertEquals(await tool(["ask", "/run/root.sock", "x"], 1234), "connect: Permission denied");
    assertEquals(await tool(["ask", "/run/echo.sock", "x"], 1234), "x");
    assertEquals(await tool(["ask", "/run/root.sock", "x"]), "x");
    assertEquals(await tool(["pass", "/run/echo.sock"]), "0");
    assertStringIncludes(kago.output(), "/run/echo.sock: SCM_RIGHTS: ");
    assert(Deno.lstatSync(`${kago.bundle.path}/echo.sock`).isSocket, "the host's own stays");
  });
});

Deno.test("connections to a server that has ended are refused, and no others", async () => {
  await withGuest(async ({ kago, tool, echo: echoing }) => {
    const path = `${kago.bundle.path}/echo.sock`;
    assertEquals(await tool(["ask", "/run/echo.sock", "before"]), "before");
    await Deno.rename(path, `${path}.old`);
    {
      using _other = new Server(path, echo);
      // As in a plain container, the bind is of the original socket.
      assertEquals(await tool(["ask", "/run/echo.sock", "still"]), "still");
    }
    echoing.close();
    // Until the guest notices.
    await new Promise((resolve) => setTimeout(resolve, 5000));
    assertEquals(await tool(["ask", "/run/echo.sock", "x"]), "connect: Connection refused");
    assertEquals(await tool(["ask", "/own/again.sock", "x"]), "connect: Connection refused");
    assertEquals(await tool(["ask", "/run/root.sock", "another"]), "another");
  });
});

Deno.test("what a container's process sent last arrives though the microVM ends", async () => {
  const script = "socket_tool ask /run/got.sock one & socket_tool ask /run/got.sock two & wait";
  const options = {
    annotations: KRUN,
    args: ["/bin/sh", "-c", script],
    mounts: [bind("got.sock")],
  };
  await Kago.with(options, async (kago) => {
    await compileTool(`${kago.bundle.rootfs}/bin/socket_tool`);
    const got: string[] = [];
    using server = new Server(`${kago.bundle.path}/got.sock`, async (connection) => {
      const buffer = new Uint8Array(100);
      let text = "";
      for (let n; (n = await connection.read(buffer)) !== null;) {
        text += new TextDecoder().decode(buffer.subarray(0, n));
      }
      got.push(text);
    });
    const { code, stderr } = await kago.runWith(
      { timeout: 90 },
      ...["run", "-b", kago.bundle.path, kago.id],
    );
    assertEquals([code, stderr], [0, ""]);
    assertEquals(got.sort(), ["one", "two"]);
    assertEquals(server.ended, 2);
  });
});
