/** Callers of other habits than a shell's: kago works, and its containers start clean. Needs root. */
import { assertEquals, assertMatch } from "@std/assert";
import { KAGO, Kago } from "../harness/kago.ts";
import { run } from "../harness/run.ts";
import { compileC } from "../harness/c_program.ts";
import { until } from "../harness/until.ts";

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

/**
 * All that engines do with a container, each command started by `sh -c SCRIPT`, which ends in `exec "$@"`.
 * @param look at the container's first process once it runs.
 */
async function wholeLife(script: string, look: (pid: number) => void): Promise<void> {
  await Kago.with(SLEEP, async (kago) => {
    const commands = [
      ["create", "--bundle", kago.bundle.path, kago.id],
      ["start", kago.id],
      ["exec", kago.id, "true"],
      ["exec", "--detach", kago.id, "true"],
      ["update", "--pids-limit", "50", kago.id],
      ["pause", kago.id],
      ["resume", kago.id],
      ["ps", kago.id],
      ["list"],
      ["kill", kago.id, "KILL"],
      ["delete", "--force", kago.id],
    ];
    for (const command of commands) {
      const words = ["-c", script, "sh", KAGO, "--root", kago.root, ...command];
      const log = `${kago.bundle.path}/output`;
      const isCreate = command[0] === "create";
      const { code, stderr, stdout } = await run("sh", words, isCreate ? { output: log } : {});
      assertEquals(code, 0, `${script}: ${command.join(" ")}: ${stderr}${stdout}`);
      if (command[0] === "start") look((await kago.state()).pid as number);
    }
  });
}

Deno.test("a caller with small soft limits has a container with the same, and kago works", async () => {
  for (const [limit, line] of [["s 64", /stack size +65536 /], ["f 0", /file size +0 /]] as const) {
    await wholeLife(`ulimit -S${limit}; exec "$@"`, (pid) => {
      assertMatch(Deno.readTextFileSync(`/proc/${pid}/limits`), line);
    });
  }
});

Deno.test("a caller with closed streams has a container with three, and nothing of kago's in their place", async () => {
  for (const closed of ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"]) {
    await wholeLife(`exec "$@" ${closed}`, (pid) => {
      const open = [...Deno.readDirSync(`/proc/${pid}/fd`)].map(({ name }) => name).sort();
      assertEquals(open, ["0", "1", "2"]);
      for (const fd of open) {
        const target = Deno.readLinkSync(`/proc/${pid}/fd/${fd}`);
        assertMatch(target, /^(\/dev\/null|\/.*\/output)$/, `${closed}: ${fd}`);
      }
    });
  }
});

Deno.test("signals that the caller blocks or ignores are neither in the container", async () => {
  const program = await compileC(new URL("odd_signals.c", import.meta.url));
  await wholeLife(`exec ${program} "$@"`, (pid) => {
    const status = Deno.readTextFileSync(`/proc/${pid}/status`);
    for (const name of ["SigBlk", "SigIgn"]) assertMatch(status, new RegExp(`${name}:\t0{16}`));
  });
  await Deno.remove(program);
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
    const written = () => Deno.readTextFileSync(output);
    await until(() => `the container's are all, but ${written()}`, () => written() === all);
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

Deno.test("a caller's umask restricts neither the cgroup nor the state's folder for the container's user", async () => {
  await Kago.with(SLEEP, async (kago) => {
    const words = ["create", "--bundle", kago.bundle.path, kago.id];
    const log = `${kago.bundle.path}/output`;
    const script = ["-c", 'umask 077; exec "$@"', "sh", KAGO, "--root", kago.root, ...words];
    const { code, stderr } = await run("sh", script, { output: log });
    assertEquals(code, 0, stderr);
    const folder = `${kago.root}/${kago.id}`;
    assertEquals(permissions(folder), 0o711);
    const { cgroup } = JSON.parse(Deno.readTextFileSync(`${folder}/state.json`));
    for (const { path } of cgroup.directories) assertEquals(permissions(path), 0o755, path);
  });
});

function permissions(path: string): number {
  return Deno.statSync(path).mode! & 0o777;
}
