/** Terminals of `exec`, and signals of commands in the foreground. Needs root, and script(1) for a terminal of ours. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { Beside, compileC } from "../harness/c_program.ts";
import { KAGO, Kago } from "../harness/kago.ts";
import { inTerminal } from "../harness/terminal.ts";

const SLEEP = { args: ["sleep", "1000"] };

async function withRunning(use: (kago: Kago) => Promise<void>): Promise<void> {
  await Kago.with(SLEEP, async (kago) => {
    assertEquals((await kago.create()).code, 0);
    assertEquals((await kago.run("start", kago.id)).code, 0);
    await use(kago);
  });
}

const exec = (kago: Kago, words: string) =>
  `${KAGO} --root ${kago.root} exec -t ${kago.id} ${words}`;

Deno.test("exec -t gives a terminal of the caller's size, and the caller's is as before", async () => {
  await withRunning(async (kago) => {
    const line = `stty -g; ${exec(kago, "sh -c 'tty; stty size; exit 3'")}; echo $?; stty -g`;
    const { stdout } = await inTerminal(line);
    const [before, tty, size, code, after] = stdout.split("\r\n");
    assertEquals([tty, size, code], ["/dev/pts/0", "30 100", "3"]);
    assertEquals(after, before);
  });
});

Deno.test("exec -t puts the caller's terminal back when its program cannot be run or is killed", async () => {
  await withRunning(async (kago) => {
    const missing = `${exec(kago, "no-such-program")} 2>&1`;
    const killed = exec(kago, "sh -c 'kill -9 $$'");
    const { stdout } = await inTerminal(`stty -g; ${missing}; stty -g; ${killed}; stty -g`);
    const modes = stdout.split("\r\n").filter((row) => /^[0-9a-f]+(:[0-9a-f]+)+$/.test(row));
    assertEquals(modes.length, 3, stdout);
    assertEquals(new Set(modes).size, 1);
    assertStringIncludes(stdout, "executable file not found");
  });
});

Deno.test("exec -t loses nothing of a large output's end", async () => {
  await withRunning(async (kago) => {
    const { stdout } = await inTerminal(exec(kago, "seq 1 50000"));
    const rows = stdout.trimEnd().split("\r\n");
    assertEquals([rows.length, rows.at(-1)], [50000, "50000"]);
  });
});

Deno.test("exec without a terminal leaves large output and input alone", async () => {
  await withRunning(async (kago) => {
    const stdin = "x".repeat(1 << 20);
    const result = await kago.runWith({ stdin }, "exec", kago.id, "cat");
    assertEquals([result.code, result.stdout.length], [0, stdin.length]);
  });
});

Deno.test("exec forwards signals to its process and tells how it ended", async () => {
  await withRunning(async (kago) => {
    const script = "trap 'exit 9' TERM; echo ready; while :; do sleep 0.1; done";
    const child = new Deno.Command(KAGO, {
      args: ["--root", kago.root, "exec", kago.id, "sh", "-c", script],
      stdout: "piped",
    }).spawn();
    const reader = child.stdout.getReader();
    assertEquals(new TextDecoder().decode((await reader.read()).value), "ready\n");
    child.kill("SIGTERM");
    assertEquals((await child.status).code, 9);
    await reader.cancel();
    assertEquals((await kago.state()).status, "running");
  });
});

/** SIGTERM, unless the process has ended. */
function signalIfThere(child: Deno.ChildProcess): void {
  try {
    child.kill("SIGTERM");
  } catch (error) {
    if (!(error instanceof TypeError)) throw error; // how Deno says that it has ended
  }
}

Deno.test("a signal at any moment of run reaches the container or ends kago with nothing left", async () => {
  const args = ["sh", "-c", "trap 'exit 9' TERM; while :; do sleep 0.01; done"];
  await Kago.with({ args }, async (kago) => {
    for (let delay = 0; delay < 100; delay += 10) {
      const id = `${kago.id}-${delay}`;
      const child = new Deno.Command(KAGO, {
        args: ["--root", kago.root, "run", "--bundle", kago.bundle.path, id],
        stdin: "null",
        stdout: "null",
        stderr: "null",
      }).spawn();
      await new Promise((resolve) => setTimeout(resolve, delay));
      // The first process of a pid namespace gets no signal before it has its handler, so more than one is sent.
      const timer = setInterval(() => signalIfThere(child), 50);
      signalIfThere(child);
      const { code, signal } = await child.status;
      clearInterval(timer);
      assert(code === 9 || signal === "SIGTERM", `${code} ${signal}`);
      const state = await kago.run("state", id);
      if (state.code === 0) assertEquals(JSON.parse(state.stdout).status, "stopped");
    }
  });
});

Deno.test("run in the foreground reaps the container's orphans, unless told not to", async () => {
  // $PPID is kago. Without a pid namespace /proc has the host's processes, and an orphan goes to the nearest subreaper.
  const script = `
    rm -f /tmp/orphan
    (sh -c 'sleep 0.2; read -r _ _ _ parent _ < /proc/$$/stat; echo $$ $parent > /tmp/orphan' &)
    until [ -s /tmp/orphan ]; do sleep 0.05; done
    read -r orphan parent < /tmp/orphan
    [ $parent = $PPID ] || { echo another reaper; exit; }
    for i in $(seq 200); do [ -e /proc/$orphan ] || { echo reaped; exit; }; sleep 0.05; done`;
  const namespaces = ["mount", "uts", "ipc", "network"].map((type) => ({ type }));
  const bundle = { args: ["sh", "-c", script], config: { linux: { namespaces } } };
  await Kago.with(bundle, async (kago) => {
    for (
      const [options, end] of [[[], "reaped"], [["--no-subreaper"], "another reaper"]] as const
    ) {
      const { code, stdout, stderr } = await kago.foreground(...options);
      assertEquals([code, stdout], [0, `${end}\n`], stderr);
    }
  });
});

Deno.test("a program may leave its terminal and come back by /dev/tty, under run and exec", async () => {
  const script = "exec < /dev/null > /dev/null 2> /dev/null; sleep 0.3; echo back > /dev/tty; " +
    "sleep 0.3; exec < /dev/tty > /dev/tty; read line; echo got $line; exit 5";
  const config = { process: { terminal: true } };
  await Kago.with({ args: ["sh", "-c", script], config }, async (kago) => {
    const line = `${KAGO} --root ${kago.root} run -b ${kago.bundle.path} ${kago.id}`;
    const { code, stdout } = await inTerminal(line, { stdin: "hello\n" });
    assertEquals(code, 5);
    assertStringIncludes(stdout, "back\r\n");
    assertStringIncludes(stdout, "got hello\r\n");
  });
  await withRunning(async (kago) => {
    const { code, stdout } = await inTerminal(exec(kago, `sh -c '${script}'`), { stdin: "x\n" });
    assertEquals(code, 5);
    assertStringIncludes(stdout, "got x\r\n");
  });
});

Deno.test("exec --console-socket hands the process's terminal over, detached and not", async () => {
  const receiver = await compileC(new URL("fd_receiver.c", import.meta.url));
  await withRunning(async (kago) => {
    for (const options of [["--detach"], []]) {
      const socket = `${kago.bundle.path}/console${options.length}.sock`;
      await using console = await Beside.start(receiver, socket);
      const script = "stty -echo; tty; read line; echo got $line; sleep 0.2; exit 4";
      const words = ["-t", "--console-socket", socket, kago.id, "sh", "-c", script];
      const result = await kago.run("exec", ...options, ...words);
      assertEquals([result.code, result.stdout], [options.length ? 0 : 4, ""], result.stderr);
      await console.until("got hello\r\n");
      assertEquals(console.lines[0], "/dev/ptmx");
      assertStringIncludes(console.text, "/dev/pts/");
    }
  });
  await Deno.remove(receiver);
});
