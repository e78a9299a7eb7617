/**
 * SELinux labels under run and exec, on a kernel that enforces policy.conf. Runs inside the emulated host with SELinux.
 */
import { assertEquals, assertMatch, assertNotEquals, assertStringIncludes } from "@std/assert";
import { makeBundle, removeBundle } from "../../../scripts/sample/bundle.ts";
import { KAGO } from "../../harness/kago.ts";
import { run } from "../../harness/run.ts";
import { enforcePolicy, SELINUX } from "./enforce_policy.ts";

const label = (type: string, level = "s0:c1") => `base_u:base_r:${type}:${level}`;

await enforcePolicy();

interface Labels {
  readonly selinuxLabel?: string;
  readonly mountLabel?: string;
}

/** Runs `use` with a bundle whose process sleeps, and with a function that runs the runtime on its container. */
async function withBundle(
  runtime: string,
  { selinuxLabel, mountLabel }: Labels,
  use: (
    call: (verb: string, ...words: string[]) => ReturnType<typeof run>,
    path: string,
  ) => Promise<void>,
): Promise<void> {
  const mounts = [{ destination: "/data", type: "tmpfs", source: "tmpfs" }];
  const config = { process: { selinuxLabel }, linux: { mountLabel } };
  const bundle = await makeBundle({ args: ["sleep", "1000"], mounts, config });
  const global = ["--root", `${bundle.path}/state`];
  const call = (verb: string, ...words: string[]) =>
    run(runtime, [...global, verb, ...words], { output: `${bundle.path}/output` });
  try {
    await use(call, bundle.path);
  } finally {
    await call("delete", "--force", "labelled");
    await removeBundle(bundle);
  }
}

/** The same with a running container, and `exec OPTIONS… labelled sh -c SCRIPT`. */
async function withRunning(
  runtime: string,
  labels: Labels,
  use: (exec: (script: string, ...options: string[]) => Promise<[number, string]>) => Promise<void>,
): Promise<void> {
  await withBundle(runtime, labels, async (call, path) => {
    const started = await call("run", "--detach", "--bundle", path, "labelled");
    assertEquals(started.code, 0, started.stdout);
    await use(async (script, ...options) => {
      const { code, stdout } = await call("exec", ...options, "labelled", "sh", "-c", script);
      return [code, stdout.replaceAll("\0", "")];
    });
  });
}

Deno.test("the kernel enforces the policy", async () => {
  assertEquals(await Deno.readTextFile(`${SELINUX}/enforce`), "1");
  assertMatch(await Deno.readTextFile("/proc/self/attr/current"), /^base_u:base_r:base_t:s0/);
});

for (const runtime of [KAGO, "runc"]) {
  const name = runtime === KAGO ? "kago" : runtime;

  Deno.test(`the process and what exec adds have the container's label, under ${name}`, async () => {
    await withRunning(runtime, { selinuxLabel: label("box_t") }, async (exec) => {
      const show = "cat /proc/1/attr/current; echo; cat /proc/self/attr/current";
      assertEquals(await exec(show), [0, `${label("box_t")}\n${label("box_t")}`]);
      const other = ["--process-label", label("box_t", "s0:c2")];
      assertEquals(await exec("cat /proc/self/attr/current", ...other), [
        0,
        label("box_t", "s0:c2"),
      ]);
    });
  });

  Deno.test(`mountLabel is the label of the container's filesystems, under ${name}`, async () => {
    const labels = { selinuxLabel: label("box_t"), mountLabel: label("box_t") };
    await withRunning(runtime, labels, async (exec) => {
      const [, mounts] = await exec("cat /proc/self/mountinfo");
      for (const place of ["/data", "/dev", "/dev/shm", "/dev/pts"]) {
        const line = mounts.split("\n").find((entry) => entry.split(" ")[4] === place);
        assertStringIncludes(line ?? `no mount at ${place}`, `context=${label("box_t")}`);
      }
      assertEquals(await exec("echo kept > /data/file; cat /data/file"), [0, "kept\n"]);
    });
  });

  Deno.test(`a label that may not read keeps the process from reading, under ${name}`, async () => {
    for (const mountLabel of [label("secret_t"), label("box_t", "s0:c2")]) {
      await withRunning(runtime, { selinuxLabel: label("box_t"), mountLabel }, async (exec) => {
        const [code, said] = await exec("echo secret > /data/file; cat /data/file 2>&1");
        assertEquals([code, said], [1, "cat: can't open '/data/file': Permission denied\n"]);
      });
    }
  });
}

Deno.test("a label that the policy does not know is refused with its name, and leaves nothing", async () => {
  const wrong = label("no_such_t");
  for (
    const [labels, place] of [
      [{ selinuxLabel: wrong }, "process.selinuxLabel"],
      [{ mountLabel: wrong }, "mounts["],
    ] as const
  ) {
    await withBundle(KAGO, labels, async (call, path) => {
      const { code, stdout } = await call("run", "--detach", "--bundle", path, "labelled");
      assertNotEquals(code, 0);
      assertStringIncludes(stdout, place);
      assertEquals([...Deno.readDirSync(`${path}/state`)].map(({ name }) => name), []);
    });
  }
});
