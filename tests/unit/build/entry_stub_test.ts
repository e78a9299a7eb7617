/**
 * The entry stub, run for real: packed into a small C program that prints how it was started (testdata/print_start.c),
 * which takes Deno out of the picture.
 */
import { assert, assertEquals } from "@std/assert";
import { runCommand } from "../../../scripts/build/command.ts";
import { wrapWhole } from "../../../scripts/build/program.ts";
import { run } from "../../harness/run.ts";
import { packPrintStart } from "./packed_print_start.ts";

const { folder: FOLDER, plain: PLAIN, program: PROGRAM } = await packPrintStart();
addEventListener("unload", () => Deno.removeSync(FOLDER, { recursive: true }));

/** F_SEAL_SEAL, F_SEAL_SHRINK, F_SEAL_GROW, F_SEAL_WRITE. */
const ALL_SEALS = 0xf;
const FD_CLOEXEC = 1;

/** Root has a cache of compiled code, others have none. */
const DENO_DIR = Deno.uid() === 0 ? "/run/kago/~deno" : "/dev/null/kago";
const OWN_VARIABLES = [
  "HOME=/proc/kago",
  "NO_COLOR=1",
  "DENO_NO_UPDATE_CHECK=1",
  "DENO_LOG=off",
  "DENO_DISABLE_NODE_SHIM=1",
  `DENO_DIR=${DENO_DIR}`,
];

interface Start {
  readonly argv: readonly string[];
  readonly env: readonly string[];
  readonly files: readonly { fd: number; seals: number; flags: number; content: string }[];
  /** The other records. */
  readonly rest: readonly string[];
}

/** Runs a command that runs the packed program and takes its records apart. */
async function start(
  command: string,
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<Start> {
  const { code, stdout, stderr } = await run(command, args, { env, timeout: 20 });
  assertEquals(code, 3, stderr);
  const records = stdout.split("\0").slice(0, -1);
  const of = (kind: string) =>
    records.filter((record) => record.startsWith(kind)).map((record) => record.slice(kind.length));
  const files = of("file:").map((record) => {
    const [, fd, seals, flags, content] = /^(\d+) (\S+) (\d+) (.*)$/s.exec(record)!;
    return { fd: Number(fd), seals: Number(seals), flags: Number(flags), content: content! };
  });
  const rest = records.filter((record) => !/^(argv|env|file):/.test(record));
  return { argv: of("argv:"), env: of("env:"), files, rest };
}

/** The arguments after the loader. */
function own({ argv }: Start): readonly string[] {
  return argv.slice(argv.findIndex((word) => word.startsWith("data:")) + 1);
}

Deno.test("the stub puts deno's options and the loader before the user's arguments", async () => {
  const words = ["--version", "", "a b", "\n", "€", "--"];
  const started = await start(PROGRAM, words);
  assertEquals(started.argv.slice(0, 3), ["deno", "run", "-A"]);
  assertEquals(own(started), words);
  const { argv, rest } = started;
  assertEquals(rest.filter((r) => /^(argc|end):/.test(r)), [`argc:${argv.length}`, "end:1"]);
});

Deno.test("the stub hands over the shim and the program for creating in sealed files", async () => {
  const { files } = await start(PROGRAM, ["create"]);
  const [, shim, program] = files.map(({ content }) => content);
  assertEquals(shim, "the shim");
  assert(program?.includes("create()"), program);
  for (const { fd, seals, flags } of files) {
    assert(fd >= 64, `descriptor ${fd}`);
    assertEquals(seals & ALL_SEALS, ALL_SEALS);
    assertEquals(flags, FD_CLOEXEC);
  }
});

Deno.test("the stub takes the quick program when an argument names a quick command", async () => {
  const { files } = await start(PROGRAM, ["--root", "/x", "state", "id"]);
  const content = files[2]!.content;
  // It knows where the whole program is.
  assert(content.includes("quick()"), content);
  const offset = Number(/seekSync\((\d+),0\)/.exec(content)![1]);
  const whole = wrapWhole("whole()");
  const binary = await Deno.readFile(PROGRAM);
  const found = new TextDecoder().decode(binary.subarray(offset, offset + whole.length));
  assertEquals(found, whole);
});

Deno.test("the stub goes by the first argument that names a command", async () => {
  const cases = [
    ["create", ["create", "state"]],
    ["exec", ["exec", "id", "ps"]],
    ["whole", ["features", "run"]],
    ["create", ["--version"]],
  ] as const;
  for (const [program, words] of cases) {
    const { files } = await start(PROGRAM, words);
    assert(files[2]!.content.includes(`${program}()`), files[2]!.content);
  }
});

Deno.test("the stub takes the program for microVMs when the arguments or its name ask for one", async () => {
  const krun = `${FOLDER}/krun`;
  await Deno.symlink(PROGRAM, krun);
  const cases: [string, string, ...string[]][] = [
    ["microvm", PROGRAM, "--handler", "krun", "create", "id"],
    ["microvm", PROGRAM, "--handler=krun", "run", "id"],
    ["microvm", krun, "create", "id"],
    ["create", PROGRAM, "create", "--bundle=/krun", "id"],
    ["create", PROGRAM, "create", "/krun"],
    ["exec", krun, "exec", "id", "true"],
    ["quick", krun, "delete", "krun"],
  ];
  for (const [program, ...[command, ...words]] of cases) {
    const { files } = await start(command!, words);
    assert(files[2]!.content.includes(`${program}()`), files[2]!.content);
  }
});

Deno.test("the stub gives deno an environment of its own", async () => {
  const { env, rest } = await start(PROGRAM, [], { HOME: "/root", SSLKEYLOGFILE: "/x", A: "1" });
  assertEquals(env, OWN_VARIABLES);
  assert(rest.includes(`getenv:${DENO_DIR}`));
});

Deno.test("the stub gives the dynamic linker the caller's path of libraries and nothing else", async () => {
  const variables = { LD_LIBRARY_PATH: "/x:/y", LD_PRELOAD: "/no/such.so", LD_DEBUG: "libs" };
  const { env } = await start(PROGRAM, [], variables);
  assertEquals(env, [...OWN_VARIABLES, "LD_LIBRARY_PATH=/x:/y"]);
  assertEquals((await run(PROGRAM, [], { env: variables })).stderr, "");
});

Deno.test("the stub hands over the caller's environment, in its order, in a file", async () => {
  const { files } = await start("env", ["-i", "B=1", "DENO_DIR=/x", "EMPTY=", "A=2 3\n€", PROGRAM]);
  assertEquals(files[0]!.content, "B=1\tDENO_DIR=/x\tEMPTY=\tA=2 3\n€\t");
});

Deno.test("the stub starts with an empty environment", async () => {
  const { env, files } = await start("env", ["-i", PROGRAM]);
  assertEquals(env, OWN_VARIABLES);
  assertEquals(files[0]!.content, "");
});

Deno.test("the stub starts without an argv[0]", async () => {
  assertEquals(own(await start(PLAIN, ["--bare", PROGRAM])), []);
});

Deno.test("the stub keeps the auxiliary vector behind the environment", async () => {
  assert((await start(PROGRAM, ["x"])).rest.includes("auxv:1"));
});

Deno.test("the kernel starts the stub, and the dynamic linker finds the program's segments", async () => {
  const headers = await runCommand("readelf", ["-lW", PROGRAM]);
  assertEquals(/INTERP/.test(headers), false);
  assert((await start(PROGRAM, ["x"])).rest.includes("code:1"));
});

Deno.test("the stub passes a hundred thousand arguments on", async () => {
  const words = Array.from({ length: 100_000 }, (_, i) => `${i}`);
  assertEquals(own(await start(PROGRAM, words)), words);
});

Deno.test("the stub tells the soft limit on open files and does with a small one", async () => {
  const script = 'ulimit -Sn 9; exec "$0"';
  const { files, rest } = await start("sh", ["-c", script, PROGRAM]);
  assert(rest.includes("softNofile:9"), rest.join(" "));
  assertEquals(files.map(({ fd }) => fd >= 3 && fd < 9), [true, true, true]);
});

Deno.test("the stub's files do not take the place of closed standard streams", async () => {
  const { files } = await start("sh", ["-c", 'exec "$0" <&- 2>&-', PROGRAM]);
  for (const { fd } of files) assert(fd >= 64, `descriptor ${fd}`);
});

Deno.test("the stub leaves a deleted folder for /", async () => {
  const script = 'mkdir "$1" && cd "$1" && rmdir "$1" && exec "$0"';
  const { rest } = await start("sh", ["-c", script, PROGRAM, `${FOLDER}/gone`]);
  assert(rest.includes("cwd:/"), rest.join(" "));
});

Deno.test("the stub stays in a folder that is there", async () => {
  const { rest } = await start("sh", ["-c", 'cd "$1" && exec "$0"', PROGRAM, FOLDER]);
  assert(rest.includes(`cwd:${FOLDER}`), rest.join(" "));
});

Deno.test("the stub says what failed and exits with 1", async () => {
  const { code, stderr } = await run("sh", ["-c", 'ulimit -n 4; exec "$0"', PROGRAM]);
  assertEquals(code, 1);
  assertEquals(stderr, "kago: cannot start: fcntl F_DUPFD_CLOEXEC: too many open files (EMFILE)\n");
});

Deno.test("the stub says that there is no dynamic linker, or none that it can map", async () => {
  const cases = {
    "/no/such": "no such file or directory (ENOENT)",
    "/etc/passwd": "exec format error (ENOEXEC)",
  };
  for (const [linker, reason] of Object.entries(cases)) {
    const { folder, program } = await packPrintStart(linker);
    const { code, stderr } = await run(program, []);
    await Deno.remove(folder, { recursive: true });
    assertEquals(code, 1);
    assertEquals(stderr, `kago: cannot start: map the dynamic linker: ${reason}\n`);
  }
});
