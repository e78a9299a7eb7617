/** The lifecycle of the OCI runtime spec ("Lifecycle", "Operations") with real containers. Needs root. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { Beside, compileC } from "../harness/c_program.ts";
import { KAGO, Kago } from "../harness/kago.ts";
import { run } from "../harness/run.ts";
import { inTerminal } from "../harness/terminal.ts";
import { unlessGone } from "../harness/unless_gone.ts";
import { until } from "../harness/until.ts";

const SLEEP = { args: ["sleep", "1000"] };

Deno.test("create, start, kill, delete go through the spec's states", async () => {
  await Kago.with({ args: ["sh", "-c", "echo started; exec sleep 1000"] }, async (kago) => {
    const created = await kago.create();
    assertEquals(created.code, 0, created.stdout);
    const state = await kago.state();
    assertEquals(state.status, "created");
    assertEquals(state.id, kago.id);
    assertEquals(state.bundle, kago.bundle.path);
    assertEquals(kago.output(), "", "the program runs only after start");

    assertEquals((await kago.run("start", kago.id)).code, 0);
    assertEquals((await kago.state()).status, "running");
    assertEquals((await kago.state()).pid, state.pid);

    assertEquals((await kago.run("kill", kago.id, "KILL")).code, 0);
    await kago.until("stopped");
    assertEquals((await kago.state()).pid, 0);
    assertEquals(kago.output(), "started\n");

    assertEquals((await kago.run("delete", kago.id)).code, 0);
    const gone = await kago.run("state", kago.id);
    assertEquals(gone.code, 1);
    assertStringIncludes(gone.stderr, `container ${kago.id} does not exist`);
    assertEquals(kago.cgroups(), []);
  });
});

Deno.test("operations in the wrong state fail and name the state", async () => {
  await Kago.with(SLEEP, async (kago) => {
    await kago.create();
    await kago.run("start", kago.id);
    const early = await kago.run("delete", kago.id);
    assertEquals(early.code, 1);
    assertStringIncludes(early.stderr, "it is running, not created or stopped");
    const twice = await kago.run("start", kago.id);
    assertEquals(twice.code, 1);
    assertStringIncludes(twice.stderr, "it is running, not created");
    await kago.run("kill", kago.id, "9");
    await kago.until("stopped");
    const dead = await kago.run("kill", kago.id, "TERM");
    assertEquals(dead.code, 1);
    assertStringIncludes(dead.stderr, "it is stopped, not created or running");
  });
});

Deno.test("delete takes a container away that was never started, as runc, crun and youki do", async () => {
  await Kago.with(SLEEP, async (kago) => {
    await kago.create();
    assertEquals((await kago.run("delete", kago.id)).code, 0);
    assertEquals((await kago.run("state", kago.id)).code, 1);
    assertEquals(kago.cgroups(), []);
  });
});

Deno.test("a state that cannot be read is that container's matter alone, and delete --force removes it", async () => {
  await Kago.with(SLEEP, async (kago) => {
    await kago.create();
    const broken: Record<string, (path: string) => void> = {
      folder: (path) => Deno.mkdirSync(path),
      loop: (path) => Deno.symlinkSync("state.json", path),
      text: (path) => Deno.writeTextFileSync(path, "{"),
    };
    for (const [name, make] of Object.entries(broken)) {
      Deno.mkdirSync(`${kago.root}/${name}`);
      make(`${kago.root}/${name}/state.json`);
    }
    const listed = await kago.run("list", "--format", "json");
    assertEquals([listed.code, listed.stderr], [0, ""]);
    const rows: { id: string; status: string }[] = JSON.parse(listed.stdout);
    const statuses = Object.fromEntries(rows.map(({ id, status }) => [id, status]));
    const damaged = { folder: "damaged", loop: "damaged", text: "damaged" };
    assertEquals(statuses, { ...damaged, [kago.id]: "created" });
    for (const name of Object.keys(broken)) {
      for (const words of [["state"], ["kill"], ["delete"]]) {
        const { code, stderr } = await kago.run(...words, name);
        assertEquals(code, 1);
        assertStringIncludes(stderr, `the state of container ${name} is damaged`);
        assertStringIncludes(stderr, "remove it with delete --force");
      }
      assertEquals((await kago.run("delete", "--force", name)).code, 0);
    }
    assertEquals([...Deno.readDirSync(kago.root)].map(({ name }) => name), [kago.id]);
  });
});

Deno.test("create refuses an id that is taken and leaves its container alone", async () => {
  await Kago.with(SLEEP, async (kago) => {
    await kago.create();
    const again = await kago.create();
    assertEquals(again.code, 1);
    assertStringIncludes(again.stdout, `container with id exists: ${kago.id}`);
    assertEquals((await kago.state()).status, "created");
  });
});

Deno.test("delete --force ends a running container and all that it started", async () => {
  await Kago.with({ args: ["sh", "-c", "sleep 1001 & exec sleep 1000"] }, async (kago) => {
    await kago.create();
    await kago.run("start", kago.id);
    assertEquals((await kago.run("delete", "--force", kago.id)).code, 0);
    assertEquals(kago.cgroups(), []);
    assertEquals((await kago.run("delete", "--force", kago.id)).code, 0, "once more is fine");
  });
});

Deno.test("a container whose process died without us is stopped", async () => {
  await Kago.with(SLEEP, async (kago) => {
    await kago.create();
    const { pid } = await kago.state();
    Deno.kill(pid as number, "SIGKILL");
    await kago.until("stopped");
    assertEquals((await kago.run("delete", kago.id)).code, 0);
  });
});

Deno.test("a recycled pid is not mistaken for the container", async () => {
  await Kago.with(SLEEP, async (kago) => {
    await kago.create();
    const { pid } = await kago.state();
    const file = `${kago.root}/${kago.id}/state.json`;
    const stored = JSON.parse(await Deno.readTextFile(file));
    await Deno.writeTextFile(file, JSON.stringify({ ...stored, pid: Deno.pid }));
    assertEquals((await kago.state()).status, "stopped");
    assertEquals((await kago.run("kill", kago.id, "KILL")).code, 1, "this test is still alive");
    await Deno.writeTextFile(file, JSON.stringify(stored));
    assertEquals((await kago.state()).pid, pid);
  });
});

Deno.test("run returns the exit code, or 128 and the signal", async () => {
  await Kago.with({ args: ["sh", "-c", "exit 7"] }, async (kago) => {
    assertEquals((await kago.foreground()).code, 7);
    assertEquals(kago.cgroups(), []);
  });
  await Kago.with(SLEEP, async (kago) => {
    const running = kago.foreground();
    await kago.until("running");
    assertEquals((await kago.run("kill", kago.id, "KILL")).code, 0);
    assertEquals((await running).code, 128 + 9);
  });
});

Deno.test("run passes stdin, stdout and stderr through", async () => {
  await Kago.with({ args: ["sh", "-c", "cat; echo problem >&2"] }, async (kago) => {
    const options = { stdin: "hello\n" };
    const result = await kago.runWith(options, "run", "-b", kago.bundle.path, kago.id);
    assertEquals(result.stdout, "hello\n");
    assertEquals(result.stderr, "problem\n");
  });
});

Deno.test("run relays a terminal with its size, and says nothing of its own on it", async () => {
  const script = "test -t 0 && stty size; read line; echo got $line; exit 5";
  const options = { args: ["sh", "-c", script], config: { process: { terminal: true } } };
  await Kago.with(options, async (kago) => {
    const command = `${KAGO} --root ${kago.root} run -b ${kago.bundle.path} ${kago.id}`;
    const size = { rows: 33, columns: 77 };
    const typed = { ...size, stdin: "hello\n" };
    const { stdout } = await inTerminal(`sleep 0.3; ${command}; echo code $?`, typed);
    // The terminals echo what is typed, each once.
    const lines = stdout.split(/\r*\n/).filter((line) => line !== "hello");
    assertEquals(lines, ["33 77", "got hello", "code 5", ""]);
  });
});

Deno.test("create hands the terminal to the console socket", async () => {
  const options = { args: ["sh", "-c", "tty"], config: { process: { terminal: true } } };
  await Kago.with(options, async (kago) => {
    const refused = await kago.create();
    assertEquals(refused.code, 1);
    assertStringIncludes(refused.stdout, "use --console-socket");
    const socket = `${kago.bundle.path}/console.sock`;
    using listener = Deno.listen({ transport: "unix", path: socket });
    const created = await kago.create("--console-socket", socket);
    assertEquals(created.code, 0, created.stdout);
    using connection = await listener.accept();
    const text = new Uint8Array(64);
    const length = await connection.read(text);
    assertEquals(new TextDecoder().decode(text.subarray(0, length ?? 0)), "/dev/ptmx");
  });
});

/**
 * runc clears ONLCR for its own relay alone, whose terminal adds the CR; conmon sets it, and containerd's shim leaves it as
 * the kernel has it, so behind every engine a line ends with CR LF.
 */
Deno.test("a container's terminal ends its lines with CR LF, for engines as in the foreground", async () => {
  const script = "stty -a < /dev/console | grep -o '.onlcr'; echo one; echo two";
  const options = { args: ["sh", "-c", script], config: { process: { terminal: true } } };
  await Kago.with(options, async (kago) => {
    const command = `${KAGO} --root ${kago.root} run --bundle ${kago.bundle.path} ${kago.id}`;
    assertEquals((await inTerminal(command)).stdout, " onlcr\r\none\r\ntwo\r\n");
  });
  const receiver = await compileC(new URL("fd_receiver.c", import.meta.url));
  await Kago.with(options, async (kago) => {
    const socket = `${kago.bundle.path}/console.sock`;
    await using console = await Beside.start(receiver, socket);
    assertEquals((await kago.create("--console-socket", socket)).code, 0);
    assertEquals((await kago.run("start", kago.id)).code, 0);
    await console.until(" onlcr\r\none\r\ntwo\r\n");
  });
  await Deno.remove(receiver);
});

Deno.test("run forwards signals to the container", async () => {
  const script = "trap 'echo got TERM; exit 3' TERM; echo ready; while :; do sleep 0.1; done";
  await Kago.with({ args: ["sh", "-c", script] }, async (kago) => {
    const child = new Deno.Command(KAGO, {
      args: ["--root", kago.root, "run", "-b", kago.bundle.path, kago.id],
      stdout: "piped",
    }).spawn();
    const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
    assertEquals((await reader.read()).value, "ready\n");
    child.kill("SIGTERM");
    assertEquals((await reader.read()).value, "got TERM\n");
    assertEquals((await child.status).code, 3);
    await reader.cancel();
  });
});

Deno.test("a detached container leaves no kago process behind", async () => {
  await Kago.with(SLEEP, async (kago) => {
    const output = `${kago.bundle.path}/output`;
    const pidFile = `${kago.bundle.path}/pid`;
    const args = ["run", "-d", "--pid-file", pidFile, "-b", kago.bundle.path, kago.id];
    const result = await kago.runWith({ output }, ...args);
    assertEquals(result.code, 0, result.stdout);
    const { status, pid } = await kago.state();
    assertEquals(status, "running");
    assertEquals(await Deno.readTextFile(pidFile), `${pid}`);
    const processes = await run("pgrep", ["-f", kago.id]);
    assertEquals(processes.stdout, "");
  });
});

Deno.test("a missing program is reported by create, with the words that engines read", async () => {
  await Kago.with({ args: ["no-such-program"] }, async (kago) => {
    const result = await kago.create();
    assertEquals(result.code, 1);
    assertStringIncludes(
      result.stdout,
      'process.args[0]: exec: \\"no-such-program\\": executable file not found in $PATH',
    );
    assertEquals([...Deno.readDirSync(kago.root)], []);
    assertEquals(kago.cgroups(), []);
  });
});

Deno.test("a log file that cannot be opened is an error of every command, and nothing is done", async () => {
  await Kago.with(SLEEP, async (kago) => {
    await kago.create();
    const log = `${kago.bundle.path}/missing/log`;
    for (const command of ["state", "start", "delete"]) {
      const { code, stderr } = await kago.run("--log", log, command, kago.id);
      assertEquals(code, 1, command);
      assertStringIncludes(
        stderr,
        `the log file ${log} cannot be opened: no such file or directory`,
      );
    }
    assertEquals((await kago.state()).status, "created");
    const fine = `${kago.bundle.path}/log`;
    assertEquals((await kago.run("--log", fine, "start", kago.id)).code, 0);
    assertEquals((await Deno.stat(fine)).size, 0);
  });
});

Deno.test("--debug tells each phase of a command with its time, in the log that is named", async () => {
  await Kago.with(SLEEP, async (kago) => {
    const commands: readonly (readonly [string, readonly string[], RegExp])[] = [
      ["create", ["create", "--bundle", kago.bundle.path, kago.id], /Init is ready/],
      ["start", ["start", kago.id], /Init has answered/],
      ["exec", ["exec", kago.id, "true"], /program runs/],
      ["state", ["state", kago.id], /command state loaded/],
      ["kill", ["kill", kago.id, "KILL"], /command kill loaded/],
      ["delete", ["delete", "--force", kago.id], /cgroup removed/],
    ];
    for (const [name, args, says] of commands) {
      const log = `${kago.bundle.path}/log-${name}`;
      const globals = ["--root", kago.root, "--debug", "--log", log, "--log-format", "json"];
      const output = `${kago.bundle.path}/output-${name}`;
      const { code, stdout } = await run(KAGO, [...globals, ...args], { output });
      assertEquals(code, 0, stdout);
      const entries = Deno.readTextFileSync(log).trimEnd().split("\n").map((line) =>
        JSON.parse(line)
      );
      for (const { level, msg } of entries) {
        assertEquals(level, "debug");
        assertMatch(msg, /^.+: \d+\.\d ms, \d+\.\d ms after the start$/);
      }
      assertMatch(entries.map(({ msg }) => msg).join("\n"), says);
      assertMatch(entries.at(-1).msg, /^command done: /);
    }
  });
});

Deno.test("--log takes errors as JSON lines", async () => {
  await Kago.with({ args: ["/"] }, async (kago) => {
    const log = `${kago.bundle.path}/log`;
    const result = await kago.run("--log", log, "--log-format", "json", "start", "nobody");
    assertEquals(result.code, 1);
    assertMatch(result.stderr, /^container nobody does not exist below/);
    const entry = JSON.parse(await Deno.readTextFile(log));
    assertEquals(entry.level, "error");
    assertMatch(entry.msg, /^container nobody does not exist/);
  });
});

Deno.test("list shows containers with their live status", async () => {
  await Kago.with(SLEEP, async (kago) => {
    await kago.create();
    const table = (await kago.run("list")).stdout;
    assertMatch(
      table,
      new RegExp(`^ID +PID +STATUS +BUNDLE +CREATED +OWNER\n${kago.id} +\\d+ +created `),
    );
    const rows = JSON.parse((await kago.run("list", "-f", "json")).stdout);
    assertEquals(rows.length, 1);
    assertEquals(rows[0].id, kago.id);
    assertEquals((await kago.run("list", "-q")).stdout, `${kago.id}\n`);
  });
});

Deno.test("kill -9 of kago at any moment of create leaves what delete --force cleans", async () => {
  await Kago.with(SLEEP, async (kago) => {
    const started = performance.now();
    await kago.create();
    const whole = performance.now() - started;
    await kago.run("delete", "--force", kago.id);
    const seen = new Set<string>();
    // An emulated processor takes seconds for each.
    const steps = whole < 500 ? 40 : 12;
    const kill = async (delay: number) => {
      await killCreate(kago, delay);
      const [row] = JSON.parse((await kago.run("list", "--format", "json")).stdout);
      seen.add(row?.status ?? "none");
      const result = await kago.run("delete", "--force", kago.id);
      assertEquals(result.code, 0, result.stderr);
      assertEquals([...Deno.readDirSync(kago.root)], []);
      assertEquals(kago.cgroups(), [], `killed ${delay} ms into create`);
    };
    for (let step = 0; step < steps; step++) await kill(whole * 1.2 * step / steps);
    // A busy machine may have become slower since.
    for (let more = 2; more < 16 && !seen.has("created"); more *= 2) await kill(whole * more);
    assert(seen.has("none") && seen.has("created"), `the kills came at ${[...seen]} only`);
    assertEquals(await stagesWith(`${kago.bundle.path}/output`), [], "no Init is left");
  });
});

/** The stages among the host's that have the file open, as all have that come from a kago whose output it is. */
async function stagesWith(file: string): Promise<string[]> {
  const { stdout } = await run("pgrep", ["-f", "stage=intermediate"]);
  return stdout.split("\n").filter((pid) =>
    pid !== "" && unlessGone(() => Deno.readLinkSync(`/proc/${pid}/fd/1`)) === file
  );
}

/** Starts `create` and kills it after some milliseconds. */
async function killCreate(kago: Kago, delay: number): Promise<void> {
  const create = [KAGO, "--root", kago.root, "create", "-b", kago.bundle.path, kago.id];
  const child = new Deno.Command("sh", {
    args: ["-c", 'exec "$@" > "$0" 2>&1', `${kago.bundle.path}/output`, ...create],
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  await new Promise((resolve) => setTimeout(resolve, delay));
  try {
    child.kill("SIGKILL");
  } catch (error) {
    if (!(error instanceof TypeError)) throw error; // it had ended by itself
  }
  await child.status;
}

Deno.test("a container without a process can be created, killed and deleted, but not started", async () => {
  await Kago.with({ config: { process: undefined } }, async (kago) => {
    const ran = await kago.foreground();
    assertEquals(ran.code, 1);
    assertStringIncludes(ran.stderr, "process: is required");
    const created = await kago.create();
    assertEquals(created.code, 0, created.stdout);
    const started = await kago.run("start", kago.id);
    assertEquals(started.code, 1);
    assertStringIncludes(started.stderr, "process: is missing");
    assertEquals((await kago.state()).status, "created");
    assertEquals((await kago.run("kill", kago.id, "KILL")).code, 0);
    await kago.until("stopped");
    assertEquals((await kago.run("delete", kago.id)).code, 0);
  });
});

Deno.test("a zombie that process 1 of the host does not reap holds up delete, which says so", async () => {
  await Kago.with(SLEEP, async (kago) => {
    // sleep is process 1 of its namespace, and reaps nothing.
    const host = new Deno.Command("unshare", {
      args: ["--pid", "--mount-proc", "--fork", "--kill-child", "sleep", "600"],
    }).spawn();
    const children = `/proc/${host.pid}/task/${host.pid}/children`;
    let first = "";
    await until("the host has a first process", () => {
      first = Deno.readTextFileSync(children).trim();
      return first !== "";
    });
    const inHost = (...args: string[]) =>
      run("nsenter", ["-t", first, "--pid", "--mount", KAGO, "--root", kago.root, ...args], {
        output: `${kago.bundle.path}/output`,
      });
    for (
      const command of [
        ["run", "--detach", "--bundle", kago.bundle.path, kago.id],
        ["exec", "--detach", kago.id, "true"],
      ]
    ) {
      const { code, stdout } = await inHost(...command);
      assertEquals(code, 0, stdout);
    }
    const { code, stdout } = await inHost("delete", "--force", kago.id);
    assertEquals(code, 1);
    assertMatch(
      stdout,
      /process \d+ of container \S+ does not end; .* is a zombie that its parent, such as/,
    );
    host.kill("SIGKILL");
    await host.status;
  });
});
