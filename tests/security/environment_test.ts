/** Nothing that lies in the caller's home or folder, and no variable of his, reaches Deno. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { KAGO, Kago } from "../harness/kago.ts";
import { run } from "../harness/run.ts";

/** What Deno and npm would read. */
const NAMES = [
  ...["deno.json", "deno.jsonc", "deno.lock", "package.json", "tsconfig.json"],
  ...[".npmrc", ".env", "node_modules", "npmrc", "deno"],
];

/** Calls `use` with a new folder, which is removed afterwards. */
async function withFolder(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "home_" });
  try {
    await use(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Everything that could lead a program to the folder, a few of Deno's switches, and one for its TLS. */
function hostile(folder: string): Record<string, string> {
  const places = [
    "HOME",
    "TMPDIR",
    "DENO_DIR",
    "XDG_CONFIG_HOME",
    "XDG_CACHE_HOME",
    "XDG_DATA_HOME",
  ];
  return {
    ...Object.fromEntries(places.map((name) => [name, folder])),
    SSLKEYLOGFILE: `${folder}/keys`,
    SSL_CERT_FILE: `${folder}/certificates`,
    NODE_EXTRA_CA_CERTS: `${folder}/certificates`,
    DENO_CERT: `${folder}/certificates`,
    DENO_COVERAGE_DIR: `${folder}/coverage`,
    NPM_CONFIG_REGISTRY: ":",
    npm_config_registry: ":",
    HTTPS_PROXY: ":",
    FORCE_COLOR: "1",
  };
}

/** The output of a container that is run from the folder, and of the quick program. */
async function useAll(folder: string): Promise<void> {
  await Kago.with({ args: ["echo", "hi"] }, async (kago) => {
    const options = { cwd: folder, env: hostile(folder), timeout: 20 };
    const args = ["run", "--bundle", kago.bundle.path, kago.id];
    const expected = { code: 0, stdout: "hi\n", stderr: "" };
    assertEquals(await kago.runWith(options, ...args), expected);
    const list = await kago.runWith(options, "list", "--quiet");
    assertEquals(list, { code: 0, stdout: "", stderr: "" });
  });
}

Deno.test("malformed files for deno and npm in the caller's home and folder change nothing", async () => {
  await withFolder(async (folder) => {
    for (const name of NAMES) {
      await Deno.writeTextFile(`${folder}/${name}`, "registry=not a url\n{ not = [ valid");
    }
    await useAll(folder);
    assertEquals([...Deno.readDirSync(folder)].map(({ name }) => name).sort(), NAMES.toSorted());
  });
});

Deno.test("FIFOs in place of such files hold nothing up", async () => {
  await withFolder(async (folder) => {
    await run("mkfifo", NAMES.map((name) => `${folder}/${name}`));
    await useAll(folder);
  });
});

Deno.test("no variable of the caller's makes kago write a file", async () => {
  await withFolder(async (folder) => {
    await useAll(folder);
    assertEquals([...Deno.readDirSync(folder)], []);
  });
});

Deno.test("kago opens no file below the caller's home or folder", async () => {
  await withFolder(async (folder) => {
    const trace = `${folder}/trace`;
    await Kago.with({ args: ["true"] }, async (kago) => {
      const words = ["run", "--bundle", kago.bundle.path, kago.id];
      const strace = ["-f", "-qq", "-e", "trace=file", "-o", trace];
      const kagoCommand = [KAGO, "--root", kago.root, ...words];
      const env = { ...hostile(folder), HOME: `${folder}/home` };
      const { code, stderr } = await run("strace", [...strace, ...kagoCommand], {
        cwd: folder,
        env,
      });
      assertEquals([code, stderr], [0, ""]);
    });
    const calls = (await Deno.readTextFile(trace)).split("\n");
    assert(calls.some((call) => call.includes("config.json")), "kago was traced");
    const touching = calls.filter((call) => call.includes(folder) && !/ getcwd\(/.test(call));
    assertEquals(touching, []);
  });
});

Deno.test("a hook without an environment of its own has the caller's, and no variable of Deno's", async () => {
  await withFolder(async (folder) => {
    const output = `${folder}/env`;
    const args = ["sh", "-c", `/usr/bin/env -0 > ${output}`];
    const hooks = { createRuntime: [{ path: "/bin/sh", args }] };
    await Kago.with({ args: ["true"], config: { hooks } }, async (kago) => {
      const kagoRun = [KAGO, "--root", kago.root, "run", "--bundle", kago.bundle.path, kago.id];
      const env = ["-i", "B=1", "DENO_DIR=/x", "HOME=/home/me", "A=ä b", "PATH=/usr/bin:/bin"];
      assertEquals((await run("env", [...env, ...kagoRun])).code, 0);
    });
    const told = (await Deno.readTextFile(output)).split("\0").filter((entry) =>
      !/^(PWD|OLDPWD|SHLVL|_)=|^$/.test(entry)
    );
    assertEquals(told.sort(), [
      "A=ä b",
      "B=1",
      "DENO_DIR=/x",
      "HOME=/home/me",
      "PATH=/usr/bin:/bin",
    ]);
  });
});

Deno.test("libsystemd looks for the bus where the caller's variables say", async () => {
  await withFolder(async (folder) => {
    await Kago.with({ args: ["true"] }, async (kago) => {
      const booted = 'mount -t tmpfs none /run && mkdir -p /run/systemd/system && exec "$@"';
      const trace = ["strace", "-f", "-qq", "-e", "trace=connect", "-o", `${folder}/trace`];
      const words = ["--systemd-cgroup", "run", "--bundle", kago.bundle.path, kago.id];
      const env = { DBUS_SYSTEM_BUS_ADDRESS: `unix:path=${folder}/bus` };
      const args = ["-m", "sh", "-c", booted, "sh", ...trace, KAGO, "--root", kago.root, ...words];
      await run("unshare", args, { env });
    });
    assertStringIncludes(await Deno.readTextFile(`${folder}/trace`), `${folder}/bus`);
  });
});
