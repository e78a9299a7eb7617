/**
 * AppArmor profiles under create and exec, compared with runc, on a kernel that enforces them. Runs inside the systemd
 * host.
 */
import { assertEquals, assertNotEquals, assertStringIncludes } from "@std/assert";
import { makeBundle, removeBundle } from "../../../scripts/sample/bundle.ts";
import { KAGO } from "../../harness/kago.ts";
import { run, runOk } from "../../harness/run.ts";

/** Two profiles that allow everything except reading one file each. */
const PROFILES = ["first", "second"].map((name) =>
  `profile kago-test-${name} flags=(attach_disconnected,mediate_deleted) {
    file, capability, network, signal, ptrace, mount, umount, pivot_root, unix,
    deny /etc/${name} r,
  }`
).join("\n");

await Deno.writeTextFile("/tmp/kago-test.profiles", PROFILES);
await runOk("apparmor_parser", ["--replace", "--skip-cache", "/tmp/kago-test.profiles"]);

const ASK = "cat /proc/self/attr/current; cat /etc/first /etc/second 2>&1";

interface Running {
  /** `RUNTIME exec … ID sh -c ASK`: its exit code and output. */
  ask(...options: string[]): Promise<[number, string]>;
  exec(...words: string[]): ReturnType<typeof run>;
  readonly bundle: string;
}

/** Runs `use` with a container that has the first profile. */
async function withFirst(runtime: string, use: (running: Running) => Promise<void>): Promise<void> {
  const config = { process: { apparmorProfile: "kago-test-first" } };
  const bundle = await makeBundle({ args: ["sleep", "1000"], config });
  for (const name of ["first", "second"]) {
    await Deno.writeTextFile(`${bundle.rootfs}/etc/${name}`, `read ${name}\n`);
  }
  const global = ["--root", `${bundle.path}/state`];
  const id = `apparmor-${bundle.path.split("_").at(-1)}`;
  const exec = (...words: string[]) => run(runtime, [...global, "exec", ...words]);
  try {
    const words = ["run", "--detach", "--bundle", bundle.path, id];
    await runOk(runtime, [...global, ...words], { output: `${bundle.path}/output` });
    await use({
      bundle: bundle.path,
      exec: (...options) => exec(...options, id, "true"),
      async ask(...options) {
        const { code, stdout } = await exec(...options, id, "sh", "-c", ASK);
        return [code, stdout];
      },
    });
  } finally {
    await run(runtime, [...global, "delete", "--force", id]);
    await removeBundle(bundle);
  }
}

const confined = (name: string, other: string): [number, string] => {
  const lines = {
    [name]: `cat: can't open '/etc/${name}': Permission denied`,
    [other]: `read ${other}`,
  };
  return [1, `kago-test-${name} (enforce)\n${lines.first}\n${lines.second}\n`];
};

for (const runtime of [KAGO, "runc"]) {
  const name = runtime === KAGO ? "kago" : runtime;

  Deno.test(`exec under ${name} has the container's AppArmor profile, or the one asked for`, async () => {
    await withFirst(runtime, async ({ ask }) => {
      assertEquals(await ask(), confined("first", "second"));
      assertEquals(await ask("--apparmor", "kago-test-second"), confined("second", "first"));
    });
  });

  Deno.test(`exec under ${name} fails with 255 for a profile that is not loaded`, async () => {
    await withFirst(runtime, async ({ exec }) => {
      const { code, stderr } = await exec("--apparmor", "kago-test-none");
      assertEquals(code, 255);
      assertStringIncludes(stderr.toLowerCase(), "apparmor");
    });
  });
}

Deno.test("exec --process may name a profile, and leaves the container's where it names none", async () => {
  await withFirst(KAGO, async ({ bundle, exec }) => {
    const file = `${bundle}/process.json`;
    const base = { cwd: "/", env: ["PATH=/bin"], args: ["cat", "/proc/self/attr/current"] };
    for (const [apparmorProfile, seen] of [["kago-test-second", "second"], [undefined, "first"]]) {
      await Deno.writeTextFile(file, JSON.stringify({ ...base, apparmorProfile }));
      const { stdout, stderr } = await exec("--process", file);
      assertEquals(stdout, `kago-test-${seen} (enforce)\n`, stderr);
    }
  });
});

Deno.test("create fails for a profile that is not loaded, and leaves nothing", async () => {
  const bundle = await makeBundle({ config: { process: { apparmorProfile: "kago-test-none" } } });
  const root = `${bundle.path}/state`;
  const { code, stderr } = await run(KAGO, ["--root", root, "run", "-b", bundle.path, "none"]);
  assertNotEquals(code, 0);
  assertStringIncludes(stderr, "process.apparmorProfile");
  assertEquals([...Deno.readDirSync(root)].map(({ name }) => name), []);
  await removeBundle(bundle);
});
