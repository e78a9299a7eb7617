/** sd_notify(3): what a container's program tells the service manager that NOTIFY_SOCKET names. Needs root. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { BundleOptions } from "../../scripts/sample/bundle.ts";
import { Beside, compileC } from "../harness/c_program.ts";
import { Kago } from "../harness/kago.ts";

const TOOL = await compileC(new URL("notify_tool.c", import.meta.url));
Deno.test.afterAll(() => Deno.remove(TOOL));

let managers = 0;

async function withManager(
  script: string,
  use: (kago: Kago, manager: Beside, env: Record<string, string>) => Promise<void>,
  { abstract = false, ...options }: BundleOptions & { readonly abstract?: boolean } = {},
): Promise<void> {
  await Kago.with({ args: ["sh", "-c", script], ...options }, async (kago) => {
    await Deno.copyFile(TOOL, `${kago.bundle.rootfs}/bin/notify_tool`);
    await Deno.chmod(`${kago.bundle.rootfs}/bin/notify_tool`, 0o755);
    const place = abstract ? `@kago-test-${Deno.pid}-${managers++}` : `${kago.bundle.path}/manager`;
    await using manager = await Beside.start(TOOL, "receive", place);
    await use(kago, manager, { NOTIFY_SOCKET: place });
  });
}

const READY_AND_ON = "notify_tool send STATUS=starting; notify_tool send 'READY=1\nSTATUS=on'; " +
  "sleep 1000";

for (const abstract of [false, true]) {
  const kind = abstract ? "an abstract name" : "a path";
  Deno.test(`run passes on what its program tells the manager at ${kind}`, async () => {
    const script = "echo $NOTIFY_SOCKET; notify_tool send 'READY=1'; notify_tool send STOPPING=1";
    await withManager(script, async (kago, manager, env) => {
      const args = ["run", "--bundle", kago.bundle.path, kago.id];
      const { code, stdout, stderr } = await kago.runWith({ env }, ...args);
      assertEquals([code, stdout], [0, "/run/notify/notify.sock\n"], stderr);
      await manager.until("STOPPING");
      const [ready, stopping] = manager.lines;
      assert(/^READY=1\|MAINPID=\d+\|$/.test(ready!), ready);
      assertEquals(stopping, "STOPPING=1|");
    }, { abstract });
  });
}

Deno.test("a program cannot tell the manager of processes and descriptors", async () => {
  const script = "notify_tool send 'MAINPID=1\nFDSTORE=1\nFDNAME=x'; " +
    "notify_tool send 'NOTIFYACCESS=all\nSTATUS=fine\nREADY=2'";
  await withManager(script, async (kago, manager, env) => {
    const { code } = await kago.runWith({ env }, "run", "-b", kago.bundle.path, kago.id);
    assertEquals(code, 0);
    await manager.until("fine");
    assertEquals(manager.lines, ["STATUS=fine|READY=2|"]);
  });
});

Deno.test("run --detach returns when its program is ready, and names it as the main process", async () => {
  await withManager(`sleep 0.5; ${READY_AND_ON}`, async (kago, manager, env) => {
    const options = { env, output: `${kago.bundle.path}/output` };
    const args = ["run", "--detach", "--bundle", kago.bundle.path, kago.id];
    assertEquals((await kago.runWith(options, ...args)).code, 0);
    const { pid, status } = await kago.state();
    assertEquals(status, "running");
    const ready = `READY=1|STATUS=on|MAINPID=${pid}|`;
    assertEquals(manager.lines, ["STATUS=starting|", ready, "BARRIER=1 +fd"]);
  });
});

Deno.test("start returns when the program of a created container is ready", async () => {
  await withManager(`sleep 0.5; ${READY_AND_ON}`, async (kago, manager, env) => {
    const options = { env, output: `${kago.bundle.path}/output` };
    const args = ["create", "--bundle", kago.bundle.path, kago.id];
    assertEquals((await kago.runWith(options, ...args)).code, 0);
    assertEquals(manager.lines, []);
    const { code, stderr } = await kago.runWith({ env }, "start", kago.id);
    assertEquals(code, 0, stderr);
    const { pid } = await kago.state();
    assertStringIncludes(manager.text, `READY=1|STATUS=on|MAINPID=${pid}|\nBARRIER=1 +fd\n`);
  });
});

Deno.test("a second start is refused, and the first one hears its program all the same", async () => {
  const script = "while [ ! -e /go ]; do sleep 0.05; done; notify_tool send READY=1; sleep 1000";
  await withManager(script, async (kago, manager, env) => {
    const options = { env, output: `${kago.bundle.path}/output` };
    const args = ["create", "--bundle", kago.bundle.path, kago.id];
    assertEquals((await kago.runWith(options, ...args)).code, 0);
    const first = kago.runWith({ env }, "start", kago.id);
    await kago.until("running");
    const second = await kago.runWith({ env }, "start", kago.id);
    assertEquals(second.code, 1);
    assertStringIncludes(second.stderr, "it is running");
    await Deno.writeTextFile(`${kago.bundle.rootfs}/go`, "");
    assertEquals((await first).code, 0);
    assertStringIncludes(manager.text, "READY=1|");
  });
});

Deno.test("start returns when the program ends without having been ready", async () => {
  await withManager(
    "notify_tool send STATUS=failing; sleep 0.3; exit 3",
    async (kago, manager, env) => {
      const options = { env, output: `${kago.bundle.path}/output` };
      const args = ["create", "--bundle", kago.bundle.path, kago.id];
      assertEquals((await kago.runWith(options, ...args)).code, 0);
      assertEquals((await kago.runWith({ env }, "start", kago.id)).code, 0);
      await manager.until("failing");
      assertEquals(manager.lines, ["STATUS=failing|"]);
      assertEquals((await kago.state()).status, "stopped");
    },
  );
});

Deno.test("a user of a user namespace may notify, and sees no more than the socket", async () => {
  const ids = [{ containerID: 0, hostID: 100000, size: 65536 }];
  const namespaces = ["user", "pid", "network", "ipc", "uts", "mount"].map((type) => ({ type }));
  const config = {
    process: { user: { uid: 1000, gid: 1000 } },
    linux: { namespaces, uidMappings: ids, gidMappings: ids },
  };
  const script = "ls /run/notify; touch /run/notify/x; notify_tool send READY=1";
  await withManager(script, async (kago, manager, env) => {
    await Deno.mkdir(`${kago.bundle.rootfs}/run/notify`); // the root is not this user's
    const args = ["run", "--bundle", kago.bundle.path, kago.id];
    const { code, stdout, stderr } = await kago.runWith({ env }, ...args);
    assertEquals([code, stdout], [0, "notify.sock\n"], stderr);
    assertStringIncludes(stderr, "Read-only file system");
    await manager.until("READY=1|MAINPID=");
  }, { config });
});

Deno.test("a NOTIFY_SOCKET where nobody listens is a warning, and one of another kind nothing", async () => {
  await Kago.with({ args: ["sh", "-c", "echo ${NOTIFY_SOCKET-none}"] }, async (kago) => {
    const run = (NOTIFY_SOCKET: string) =>
      kago.runWith({ env: { NOTIFY_SOCKET } }, "run", "-b", kago.bundle.path, kago.id);
    const gone = await run("/no/such/socket");
    assertEquals([gone.code, gone.stdout], [0, "none\n"]);
    assertStringIncludes(
      gone.stderr,
      "NOTIFY_SOCKET: the service manager cannot be notified that the container is ready",
    );
    for (const other of ["", "vsock:2:1234"]) {
      assertEquals(await run(other), { code: 0, stdout: "none\n", stderr: "" });
    }
  });
});
