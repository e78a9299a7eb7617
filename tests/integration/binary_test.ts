/** What the single binary promises wherever it is run. Needs root; the last tests need `deno task build`. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { KAGO } from "../harness/kago.ts";
import { run, type RunOptions } from "../harness/run.ts";
import { PROGRAMS } from "../../scripts/build/launch.ts";
import { COMPILER, packProbe } from "./packed_probe.ts";

const { binary: PROBE, folder: FOLDER } = await packProbe();
addEventListener("unload", () => Deno.removeSync(FOLDER, { recursive: true }));

interface Report {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** The caller's environment, in the file that the stub names. */
  readonly callers: readonly string[];
  readonly cwd: string;
  readonly commandLine: readonly string[];
  readonly exe: string;
  readonly softNofile: number;
  readonly raised: readonly string[];
}

/** Runs a command that ends in running the probe, which must say nothing on standard error. */
async function probe(
  command: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<string> {
  const { code, stdout, stderr } = await run(command, args, { timeout: 30, ...options });
  assertEquals({ code, stderr }, { code: 0, stderr: "" });
  return stdout;
}

async function report(...args: Parameters<typeof probe>): Promise<Report> {
  return JSON.parse(await probe(...args));
}

/** Calls `use` with a new folder, which is removed afterwards. */
async function withFolder(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await use(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("arguments arrive as they are, those that look like deno's included", async () => {
  const words = ["--version", "-h", "--v8-flags=--help", "--", "", "a b", "\n", "€ü", "run"];
  assertEquals((await report(PROBE, ["report", ...words])).args, words);
});

Deno.test("a thousand arguments arrive", async () => {
  const words = Array.from({ length: 1000 }, (_, i) => `${i} `.repeat(50));
  assertEquals((await report(PROBE, ["report", ...words])).args, words);
});

Deno.test("/proc/PID/cmdline and execPath() show the call and the binary, not deno's options", async () => {
  await withFolder(async (folder) => {
    const link = `${folder}/krun`;
    await Deno.symlink(PROBE, link);
    const { commandLine, exe } = await report(link, ["report", "x"]);
    assertEquals(commandLine, [link, "report", "x"]);
    assertEquals(exe, PROBE);
  });
});

Deno.test("it runs with an empty environment", async () => {
  const { env } = await report("env", ["-i", PROBE, "report"]);
  assertEquals(Object.keys(env).sort(), [
    "DENO_DIR",
    "DENO_DISABLE_NODE_SHIM",
    "DENO_LOG",
    "DENO_NO_UPDATE_CHECK",
    "HOME",
    "NO_COLOR",
  ]);
});

Deno.test("it runs in /, in a folder that its user cannot read, and in a deleted one", async () => {
  assertEquals((await report(PROBE, ["report"], { cwd: "/" })).cwd, "/");
  await withFolder(async (folder) => {
    const nobody = ["--reuid=65534", "--regid=65534", "--clear-groups", PROBE, "report"];
    assertEquals((await report("setpriv", nobody, { cwd: folder })).cwd, folder);
    const script = `mkdir gone && cd gone && rmdir ../gone && exec "$0" report`;
    assertEquals((await report("sh", ["-c", script, PROBE], { cwd: folder })).cwd, "/");
  });
});

Deno.test("it runs where every file system is read-only", async () => {
  const script = `
    cut -d " " -f 5 /proc/self/mountinfo | while read -r point; do
      mount -o remount,bind,ro "$point" 2>/dev/null
    done
    touch /tmp/kago_writable /var/tmp/kago_writable 2>/dev/null && exit 9
    exec "$0" report`;
  await report("unshare", ["--mount", "--propagation=private", "sh", "-c", script, PROBE]);
});

Deno.test("it opens no network socket and asks no name", async () => {
  await withFolder(async (folder) => {
    const trace = ["-f", "-qq", "-e", "trace=network", "-o", `${folder}/trace`];
    await probe("unshare", ["--net", "strace", ...trace, PROBE, "shim"]);
    const calls = await Deno.readTextFile(`${folder}/trace`);
    assert(!/AF_INET|AF_NETLINK|connect\(|sendto\(/.test(calls), calls);
  });
});

Deno.test("it writes nothing below HOME and the folder it is run in", async () => {
  await withFolder(async (folder) => {
    const env = { HOME: folder, XDG_CACHE_HOME: folder, XDG_CONFIG_HOME: folder, TMPDIR: folder };
    await probe(PROBE, ["shim"], { cwd: folder, env });
    assertEquals([...Deno.readDirSync(folder)], []);
  });
});

const OWN: Readonly<Record<string, string>> = {
  DENO_DIR: "/run/kago/~deno",
  DENO_LOG: "off",
  HOME: "/proc/kago",
};

Deno.test("the caller's variables change nothing of deno's, and are told to the program", async () => {
  await withFolder(async (folder) => {
    const hostile = {
      DENO_V8_FLAGS: "--no-such-flag",
      DENO_LOG: "debug",
      DENO_AUTH_TOKENS: "x",
      DENO_COVERAGE_DIR: `${folder}/coverage`,
      DENO_AUDIT_PERMISSIONS: `${folder}/audit`,
      DENO_DIR: `${folder}/dir`,
      NODE_OPTIONS: "--require=/nowhere.js",
      NODE_CHANNEL_FD: "0",
      NPM_CONFIG_REGISTRY: ":",
      OTEL_DENO: "true",
      RUST_LOG: "trace",
      SSLKEYLOGFILE: `${folder}/keys`,
      HOME: folder,
      PATH: "/usr/bin",
    };
    const { env, callers } = await report(PROBE, ["report"], { env: hostile });
    for (const [name, value] of Object.entries(hostile)) {
      assertEquals(env[name], OWN[name]);
      assert(callers.includes(`${name}=${value}`), name);
    }
    assertEquals([...Deno.readDirSync(folder)], []);
  });
});

Deno.test("files meant for deno and npm change nothing", async () => {
  await withFolder(async (folder) => {
    for (
      const name of ["deno.json", "deno.lock", "package.json", ".npmrc", ".env", "tsconfig.json"]
    ) {
      await Deno.writeTextFile(`${folder}/${name}`, "{ not = [ valid");
    }
    const output = await probe(PROBE, ["shim"], { cwd: folder, env: { HOME: folder } });
    assertEquals(output, "42\n");
  });
});

Deno.test("the caller's soft limit on open files is told", async () => {
  const script = 'ulimit -Sn 100; exec "$0" report';
  assertEquals((await report("sh", ["-c", script, PROBE])).softNofile, 100);
});

Deno.test("a soft limit that is too low for Deno is raised as far as the hard one lets it, and told", async () => {
  const none = 2n ** 64n - 1n;
  const under = async (limits: string) =>
    (await report("sh", ["-c", `${limits}; exec "$0" report`, PROBE])).raised;
  assertEquals(await under("ulimit -Ss 64"), [`1=${none}`, `3=${64 << 10}`, `9=${none}`]);
  assertEquals(await under("ulimit -Sf 0; ulimit -Sv 1000000"), [
    "1=0",
    `3=${none}`,
    `9=${1000000 << 10}`,
  ]);
});

Deno.test("a hard limit that is too low for Deno is said in a sentence", async () => {
  const cases = [
    ["ulimit -s 64", "the stack (ulimit -s) is too low, kago needs 1024 KiB"],
    ["ulimit -f 0", "the size of files (ulimit -f) is too low, kago needs 65536 KiB"],
    ["ulimit -v 1000000", "virtual memory (ulimit -v) is too low, kago needs 41943040 KiB"],
  ];
  for (const [limit, says] of cases) {
    const { code, stderr } = await run("sh", ["-c", `${limit}; exec "$0" report`, PROBE]);
    assertEquals([code, stderr], [1, `kago: cannot start: the limit on ${says}\n`]);
  }
});

Deno.test("standard input and output are the caller's, and a child inherits nothing else", async () => {
  const text = "ä\n".repeat(100_000);
  assertEquals(await probe(PROBE, ["copy"], { stdin: text }), text);
  const { stdout: usual } = await run("ls", ["-1", "/proc/self/fd"]);
  assertEquals(await probe(PROBE, ["descriptors"]), usual);
});

Deno.test("the exit code is the program's, 1 after an uncaught error, which is printed", async () => {
  assertEquals((await run(PROBE, ["exit", "137"])).code, 137);
  const { code, stderr } = await run(PROBE, ["throw"], { env: { NO_COLOR: "1" } });
  assertEquals(code, 1);
  assertStringIncludes(stderr, "Error: on purpose");
});

Deno.test("root's cache of compiled code is root's alone, and one that is not is left alone", async () => {
  // In a mount namespace with a /run of its own.
  const script =
    `mount -t tmpfs tmpfs /run && "$0" report > /dev/null && stat -c '%a %u' /run/kago /run/kago/~deno &&
    chmod 777 /run/kago/~deno && rm -f /run/kago/~deno/* 2> /dev/null; "$0" report > /dev/null; ls /run/kago/~deno`;
  const { stdout, code } = await run("unshare", ["-m", "sh", "-c", script, PROBE]);
  // Deno has its own folder there, denort one for each program.
  const inside = COMPILER ? PROGRAMS.toSorted() : ["npm"];
  assertEquals(stdout, `700 0\n700 0\n${inside.join("\n")}\n`);
  assertEquals(code, 0);
});

Deno.test("the quick program answers its command and starts the whole one for another", async () => {
  assertEquals(await probe(PROBE, ["state"]), "quick\n");
  assertEquals((await report(PROBE, ["report", "state"])).args, ["state"]);
});

Deno.test("the shim that the program is given can be loaded, by any user", async () => {
  const nobody = ["--reuid=65534", "--regid=65534", "--clear-groups", PROBE, "shim"];
  assertEquals(await probe("setpriv", nobody), "42\n");
});

Deno.test("without /proc it says so", async () => {
  const args = [
    "--mount",
    "--propagation=private",
    "sh",
    "-c",
    'umount -l /proc; exec "$0"',
    PROBE,
  ];
  const { code, stderr } = await run("unshare", args);
  assertEquals(code, 1);
  assertMatch(
    stderr,
    /^kago: cannot start: .*is \/proc mounted\?: no such file or directory \(ENOENT\)\n$/,
  );
});

Deno.test("the binary needs no library but glibc and its companion libgcc_s", async () => {
  const { stdout } = await run("readelf", ["-dW", KAGO]);
  const needed = [...stdout.matchAll(/\(NEEDED\).*\[(.*)\]/g)].map(([, name]) => name!);
  const glibc = /^(libc\.so\.6|libm\.so\.6|lib(dl|rt|pthread)\.so\.\d|ld-linux-x86-64\.so\.2)$/;
  assertEquals(needed.filter((name) => !glibc.test(name)), ["libgcc_s.so.1"]);
});

Deno.test("the binary is one executable file that nothing else has to stand beside", async () => {
  await withFolder(async (folder) => {
    const copy = `${folder}/kago`;
    await Deno.copyFile(KAGO, copy);
    assertEquals((await Deno.stat(KAGO)).mode! & 0o777, 0o755);
    const { code, stdout, stderr } = await run("env", ["-i", copy, "--version"], { cwd: folder });
    assertEquals({ code, stderr }, { code: 0, stderr: "" });
    assertMatch(stdout, /^kago version \d/);
  });
});

Deno.test("the binary answers a quick command and another one, and fails with code 1", async () => {
  await withFolder(async (root) => {
    const list = await run(KAGO, ["--root", root, "list", "--quiet"]);
    assertEquals(list, { code: 0, stdout: "", stderr: "" });
    const state = await run(KAGO, ["--root", root, "state", "nobody"]);
    assertEquals([state.code, state.stdout], [1, ""]);
    assertStringIncludes(state.stderr, "nobody does not exist");
  });
});
