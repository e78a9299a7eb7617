/** Callers of other habits than a shell's: kago works, and its containers start clean. Needs root. */
import { assertEquals } from "@std/assert";
import { KAGO, Kago } from "../harness/kago.ts";
import { run } from "../harness/run.ts";
import { compileC } from "../harness/c_program.ts";

const SLEEP = { args: ["sleep", "600"] } as const;

Deno.test("a caller that ignores SIGCHLD creates, lists and executes processes", async () => {
  await Kago.with(SLEEP, async (kago) => {
    const ignoring = (...args: string[]) =>
      run("sh", ["-c", 'trap "" CHLD; exec "$@"', "sh", KAGO, "--root", kago.root, ...args]);
    const commands = [
      ["create", "--bundle", kago.bundle.path, kago.id],
      ["start", kago.id],
      ["exec", "--detach", kago.id, "true"],
      ["exec", kago.id, "true"],
      ["ps", kago.id],
    ];
    for (const command of commands) {
      const { code, stderr } = await ignoring(...command);
      assertEquals([code, stderr], [0, ""], command.join(" "));
    }
  });
});

Deno.test("the caller's processors are not the container's, nor a process's that exec starts", async () => {
  const allowed = "grep Cpus_allowed_list /proc/self/status";
  const all = (await run("sh", ["-c", allowed])).stdout;
  await Kago.with({ args: ["sh", "-c", `${allowed}; exec sleep 600`] }, async (kago) => {
    const pinned = (...args: string[]) =>
      run("taskset", ["-c", "0", KAGO, "--root", kago.root, ...args]);
    const output = `${kago.bundle.path}/output`;
    await run("sh", [
      "-c",
      `taskset -c 0 "$@" >${output}`,
      "sh",
      KAGO,
      "--root",
      kago.root,
      "run",
      "-d",
      "-b",
      kago.bundle.path,
      kago.id,
    ]);
    const executed = await pinned("exec", kago.id, "sh", "-c", allowed);
    assertEquals(executed.stdout, all);
    assertEquals(await Deno.readTextFile(output), all);
  });
});

Deno.test("--pidfd-socket hands over a pidfd of the first process, and of one that exec starts", async () => {
  const receiver = await compileC(new URL("pidfd_receiver.c", import.meta.url));
  await Kago.with(SLEEP, async (kago) => {
    const received = async (...command: string[]) => {
      const socket = `${kago.bundle.path}/pidfd.sock`;
      const listening = new Deno.Command(receiver, { args: [socket], stdout: "piped" }).spawn();
      const reader = listening.stdout.pipeThrough(new TextDecoderStream()).getReader();
      assertEquals((await reader.read()).value, "listening\n");
      const [name, ...rest] = command;
      const { code, stderr } = await kago.run(name!, "--pidfd-socket", socket, ...rest);
      assertEquals([code, stderr], [0, ""]);
      const { value } = await reader.read();
      await reader.cancel();
      await listening.status;
      await Deno.remove(socket);
      return value;
    };
    const first = await received("create", "--bundle", kago.bundle.path, kago.id);
    assertEquals(first, `standard ${(await kago.state()).pid}\n`);
    await kago.run("start", kago.id);
    const pidFile = `${kago.bundle.path}/pid`;
    const words = ["--detach", "--pid-file", pidFile, kago.id, "sleep", "600"];
    const second = await received("exec", ...words);
    assertEquals(second, `setns ${await Deno.readTextFile(pidFile)}\n`);
  });
  await Deno.remove(receiver);
});

Deno.test("--pidfd-socket where nobody listens is an error, and nothing is left", async () => {
  await Kago.with(SLEEP, async (kago) => {
    const socket = `${kago.bundle.path}/nobody`;
    const words = ["--pidfd-socket", socket, "--bundle", kago.bundle.path, kago.id];
    const { code, stderr } = await kago.run("create", ...words);
    assertEquals(
      [code, stderr.includes(`send a descriptor to ${socket}: no such file`)],
      [1, true],
      stderr,
    );
    assertEquals((await kago.run("state", kago.id)).code, 1);
    assertEquals(kago.cgroups(), []);
  });
});
