/** What the command line has besides the commands' work: expressions for ids, logs, terminals, other names. Needs root. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { KAGO, Kago } from "../harness/kago.ts";
import { run } from "../harness/run.ts";
import { inTerminal } from "../harness/terminal.ts";

const SLEEP = { args: ["sleep", "1000"] };

/** Containers of the bundle by these ends of their ids, started or only created. */
async function start(kago: Kago, ends: Readonly<Record<string, boolean>>): Promise<void> {
  for (const [end, isStarted] of Object.entries(ends)) {
    const id = kago.id + end;
    const output = `${kago.bundle.path}/output`;
    const created = await kago.runWith({ output }, "create", "-b", kago.bundle.path, id);
    assertEquals(created.code, 0, created.stderr);
    if (isStarted) assertEquals((await kago.run("start", id)).code, 0);
  }
}

async function ids(kago: Kago): Promise<string[]> {
  const { stdout } = await kago.run("list", "--quiet");
  return stdout.split("\n").filter(Boolean).map((id) => id.slice(kago.id.length));
}

Deno.test("delete --regex deletes the containers whose id matches, and no others", async () => {
  await Kago.with(SLEEP, async (kago) => {
    await start(kago, { ".web1": true, ".web2": false, ".db": true });
    const result = await kago.run("delete", "--force", "--regex", "\\.web[0-9]$");
    assertEquals([result.code, result.stderr], [0, ""]);
    assertEquals(await ids(kago), [".db"]);
  });
});

Deno.test("delete -r without --force deletes what it may, and names each that it may not", async () => {
  await Kago.with(SLEEP, async (kago) => {
    await start(kago, { ".a": true, ".b": false, ".c": true });
    const { code, stderr } = await kago.run("delete", "-r", kago.id);
    assertEquals(code, 1);
    for (const end of [".a", ".c"]) {
      assertStringIncludes(stderr, `cannot delete container ${kago.id}${end}: it is running`);
    }
    assertEquals(await ids(kago), [".a", ".c"]);
  });
});

Deno.test("kill --regex signals the containers whose id matches, and no others", async () => {
  await Kago.with(SLEEP, async (kago) => {
    await start(kago, { ".web1": true, ".web2": true, ".db": true });
    assertEquals((await kago.run("kill", "--regex", "web", "KILL")).code, 0);
    const isRunning = async (end: string) =>
      JSON.parse((await kago.run("state", kago.id + end)).stdout).status === "running";
    while (await isRunning(".web1") || await isRunning(".web2"));
    assertEquals(await isRunning(".db"), true);
  });
});

Deno.test("--regex matches nothing quietly, and says what is no expression", async () => {
  await Kago.with(SLEEP, async (kago) => {
    assertEquals((await kago.run("delete", "--force", "--regex", "nobody")).code, 0);
    const { code, stderr } = await kago.run("kill", "--regex", "a(");
    assertEquals(code, 1);
    assertStringIncludes(stderr, "--regex: Invalid regular expression: /a(/");
  });
});

Deno.test("--log takes a file with and without file:, from the commands without Deno too", async () => {
  await Kago.with(SLEEP, async (kago) => {
    const file = `${kago.bundle.path}/log`;
    for (const log of [file, `file:${file}`]) {
      const { code, stderr } = await kago.run("--log", log, "state", "nobody");
      assertEquals([code, stderr], [1, `container nobody does not exist below ${kago.root}\n`]);
      assertMatch(await Deno.readTextFile(file), /^time="[^"]*" level=error msg="container nobody/);
      await Deno.remove(file);
    }
  });
});

Deno.test("--log journald: and syslog: say where nobody listens, and make no file of that name", async () => {
  const folder = await Deno.makeTempDir();
  const hidden = 'mount -t tmpfs tmpfs /run && mount -t tmpfs tmpfs /dev && cd "$0" && exec "$@"';
  for (
    const [log, socket] of [["journald:x", "/run/systemd/journal/socket"], ["syslog:", "/dev/log"]]
  ) {
    const words = ["sh", "-c", hidden, folder, KAGO, "--log", log!, "kill", "nobody"];
    const { code, stderr } = await run("unshare", ["--mount", ...words]);
    assertEquals(code, 1);
    assertStringIncludes(stderr, `cannot connect to ${socket}`);
    assertStringIncludes(stderr, "start its daemon, or name a file with --log");
  }
  await Deno.remove(folder); // fails unless it is empty
});

Deno.test("--log-level leaves out what is less", async () => {
  await Kago.with(SLEEP, async (kago) => {
    const state = (level: string) => kago.run("--log-level", level, "state", "nobody");
    assertStringIncludes((await state("debug")).stderr, "level=debug");
    for (const level of ["info", "warn", "warning", "error"]) {
      assertEquals((await state(level)).stderr.split("\n").length, 2, level);
    }
    assertStringIncludes((await state("loud")).stderr, "is not one of debug, info");
  });
});

Deno.test("at a terminal an error is a sentence with the remedy below, in colour unless NO_COLOR", async () => {
  const line = `${KAGO} --log-level warn checkpoint nobody`;
  const red = await inTerminal(`env -u NO_COLOR TERM=xterm ${line}`);
  const begin = "\x1b[31mkago:\x1b[0m container nobody does not exist below ";
  assert(red.stdout.startsWith(begin), red.stdout);
  for (const variable of ["NO_COLOR=1", "TERM=dumb"]) {
    const { stdout } = await inTerminal(`env -u NO_COLOR ${variable} ${line}`);
    assertMatch(stdout, /^kago: container nobody does not exist below /);
  }
  const hidden =
    `NO_COLOR=1 unshare -m sh -c "mount -t tmpfs t /run; ${KAGO} --log journald: list"`;
  assertMatch(
    (await inTerminal(hidden)).stdout,
    /^kago: --log journald: .*\r\n {6}start its daemon, or name a file/,
  );
});

Deno.test("at a terminal --log-format asks for entries, and a pipe gets them", async () => {
  const { stdout } = await inTerminal(`${KAGO} --log-format json state nobody`);
  assertEquals(JSON.parse(stdout).level, "error");
  assertMatch((await Kago.command("state", "nobody")).stderr, /^time="[^"]*" level=error msg=/);
});

Deno.test("help and doctor have colour at a terminal alone", async () => {
  const help = await inTerminal(`env -u NO_COLOR TERM=xterm ${KAGO} --help`);
  assertStringIncludes(help.stdout, "\x1b[1mUsage:\x1b[0m kago");
  const doctor = await inTerminal(`env -u NO_COLOR TERM=xterm ${KAGO} doctor`);
  assert(doctor.stdout.startsWith("\x1b[1mThis host can"), doctor.stdout);
  for (const command of ["--help", "doctor"]) {
    assert(!(await Kago.command(command)).stdout.includes("\x1b"));
  }
});

Deno.test("spec -f writes another file, and overwrites none", async () => {
  const bundle = await Deno.makeTempDir();
  const spec = () => Kago.command("spec", "-b", bundle, "-f", "other.json");
  assertEquals((await spec()).code, 0);
  assertEquals([...Deno.readDirSync(bundle)].map(({ name }) => name), ["other.json"]);
  assertStringIncludes((await spec()).stderr, `${bundle}/other.json exists: remove it first`);
  await Deno.remove(bundle, { recursive: true });
});

Deno.test("-V is the version, and info what doctor prints", async () => {
  const outputs = async (...commands: string[][]) =>
    await Promise.all(commands.map(async (words) => (await Kago.command(...words)).stdout));
  const [version, short] = await outputs(["--version"], ["-V"]);
  assertEquals(short, version);
  const [doctor, info] = await outputs(["doctor"], ["info"]);
  assertEquals(info, doctor);
});

Deno.test("plan --diff compares two bundles, and says that it prints no JSON", async () => {
  await Kago.with({ args: ["true"] }, async (one) => {
    await Kago.with({ args: ["false"] }, async (other) => {
      const diff = ["plan", "--bundle", one.bundle.path, "--diff", other.bundle.path];
      const { code, stdout } = await one.run(...diff);
      assertEquals(code, 0);
      assertMatch(stdout, /^- exec args=\["true"\]/m);
      assertMatch(stdout, /^\+ exec args=\["false"\]/m);
      const same = await one.run("plan", "-b", one.bundle.path, "--diff", one.bundle.path);
      assertEquals([same.code, same.stdout], [0, ""]);
      assertStringIncludes((await one.run(...diff, "--json")).stderr, "--diff prints text");
    });
  });
});
