/**
 * Checkpoint and restore of other containers: with a terminal, with a user namespace. Runs inside the emulated host.
 */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { isThere } from "../../../runtime/common/files.ts";
import { KAGO } from "../../harness/kago.ts";
import { inTerminal } from "../../harness/terminal.ts";
import { until } from "../../harness/until.ts";
import { COUNTER, Keeper, loadSocketModules } from "../harness/keeper.ts";

await loadSocketModules();

Deno.test("a terminal is made anew, and relayed by a restore in the foreground", async () => {
  // Counts to 60 before the checkpoint, and continues afterwards. Waits without a child process, because criu may fail
  // if a process ends while it collects them.
  const script =
    "i=0; while [ $i -lt 60 ]; do i=$((i+1)); echo $i; done; touch /counted; read _; " +
    "while [ $i -lt 100 ]; do i=$((i+1)); echo $i; sleep 0.1; done; tty; exit 5";
  const options = { args: ["sh", "-c", script], config: { process: { terminal: true } } };
  await Keeper.with(options, async (keeper) => {
    const { kago } = keeper;
    const socket = `${kago.bundle.path}/console.sock`;
    // Nobody accepts the terminal, which stays open in the socket.
    using _listener = Deno.listen({ transport: "unix", path: socket });
    const created = await kago.create("--console-socket", socket);
    assertEquals(created.code, 0, created.stdout);
    assertEquals((await kago.run("start", kago.id)).code, 0);
    await until("it has counted", () => isThere(`${kago.bundle.rootfs}/counted`));
    await keeper.checkpoint();
    const words = [KAGO, "--root", kago.root, ...keeper.restoreArgs()];
    const { code, stdout } = await inTerminal(words.join(" "), { stdin: "\n" });
    assertStringIncludes(stdout, "99\r\n100\r\n/dev/pts/0\r\n");
    assert(!stdout.includes("\r\n1\r\n"), `it began anew: ${stdout}`);
    assertEquals(code, 5);
  });
});

Deno.test("a user namespace comes back with its ids, and the default devices with it", async () => {
  const types = ["mount", "pid", "ipc", "uts", "cgroup", "network", "user"];
  const mappings = [{ containerID: 0, hostID: 100000, size: 65536 }];
  const linux = {
    namespaces: types.map((type) => ({ type })),
    uidMappings: mappings,
    gidMappings: mappings,
  };
  await Keeper.with({ ...COUNTER, config: { linux } }, async (keeper) => {
    const { kago } = keeper;
    await Deno.chown(kago.bundle.rootfs, 100000, 100000);
    await keeper.start();
    await keeper.goesOn();
    await keeper.checkpoint();
    // criu reads the images as the container's root.
    await Deno.chmod(keeper.images, 0o711);
    await keeper.restore();
    await keeper.goesOn();
    const { pid } = await kago.state();
    assertEquals(Deno.statSync(`/proc/${pid}`).uid, 100000);
    assertEquals(
      await keeper.exec("sh", "-c", "cat /dev/shm/file; head -c 2 /dev/zero | wc -c; id -u"),
      "kept\n2\n0\n",
    );
  });
});
