/** A bundle that cannot be run gets one sentence and exit code 1, and leaves nothing behind. Needs root. */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import type { JsonObject } from "../../scripts/sample/bundle.ts";
import { Kago } from "../harness/kago.ts";
import { run, type RunResult } from "../harness/run.ts";

interface BadInput {
  readonly name: string;
  /** The text of config.json, or changes to the default one. */
  readonly config: string | JsonObject;
  /** What the message must say. */
  readonly says: string;
}

const BAD: readonly BadInput[] = [
  { name: "not JSON", config: "{]", says: "config.json" },
  { name: "empty", config: "", says: "config.json" },
  { name: "an array", config: "[]", says: "expected object, got array" },
  { name: "no ociVersion", config: "{}", says: "ociVersion: is required" },
  { name: "another major version", config: { ociVersion: "2.0.0" }, says: "ociVersion: " },
  {
    name: "a number among the args",
    config: { process: { args: ["sh", 7] } },
    says: "process.args[1]: expected string, got number",
  },
  { name: "a relative cwd", config: { process: { cwd: "tmp" } }, says: "process.cwd: " },
  {
    name: "an unknown namespace",
    config: { linux: { namespaces: [{ type: "net" }] } },
    says: "linux.namespaces[0].type: ",
  },
  {
    name: "a rootfs that is missing",
    config: { root: { path: "nowhere" } },
    says: '/nowhere" does not exist',
  },
  {
    name: "a mount of an unknown filesystem",
    config: { mounts: [{ destination: "/x", type: "nosuchfs", source: "x" }] },
    says: "mounts[0].type: this kernel has no filesystem",
  },
  {
    name: "a bind of a missing source",
    config: { mounts: [{ destination: "/x", source: "/no/such", options: ["bind"] }] },
    says: "mounts[0].source: ",
  },
  {
    name: "a sysctl that is not there",
    config: { linux: { sysctl: { "net.no_such_sysctl": "1" } } },
    says: 'linux.sysctl["net.no_such_sysctl"]: this kernel has no',
  },
  {
    name: "an Intel RDT class on a host without resctrl",
    config: { linux: { intelRdt: { closID: "x" } } },
    says: "linux.intelRdt: this host has no resctrl filesystem",
  },
  {
    name: "an unknown handler",
    config: { annotations: { "run.oci.handler": "wasm" } },
    says: 'annotations["run.oci.handler"]: unknown handler "wasm"',
  },
];

/** One line of error, code 1, no cgroup, no mount, no state, no process. */
async function assertRefused(kago: Kago, { code, stdout, stderr }: RunResult, says: string) {
  assertEquals(code, 1, stderr);
  assertEquals(stdout, "");
  assertMatch(stderr, /^time="[^"]+" level=error msg="[^\n]+"\n$/);
  assertStringIncludes(stderr.replaceAll('\\"', '"'), says);
  assertEquals([...Deno.readDirSync(kago.root)], [], "state");
  assertEquals(kago.cgroups(), [], "cgroups");
  const mounts = Deno.readTextFileSync("/proc/self/mountinfo");
  assertEquals(mounts.includes(kago.bundle.path), false, "mounts");
  assertEquals((await run("pgrep", ["-f", kago.bundle.path])).stdout, "", "processes");
}

for (const { name, config, says } of BAD) {
  Deno.test(`run refuses a config.json with ${name}`, async () => {
    const changes = typeof config === "string" ? {} : { config };
    await Kago.with({ args: ["sleep", "1000"], ...changes }, async (kago) => {
      if (typeof config === "string") {
        await Deno.writeTextFile(`${kago.bundle.path}/config.json`, config);
      }
      await assertRefused(kago, await kago.foreground(), says);
      const detached = await kago.run("run", "--detach", "-b", kago.bundle.path, kago.id);
      await assertRefused(kago, detached, says);
    });
  });
}

Deno.test("run refuses a bundle without config.json, and says which file", async () => {
  await Kago.with({}, async (kago) => {
    await Deno.remove(`${kago.bundle.path}/config.json`);
    await assertRefused(kago, await kago.foreground(), `${kago.bundle.path}/config.json`);
  });
});

Deno.test("the OCI schema's bad samples are refused, its good ones planned or refused by name", async () => {
  const samples = new URL("../../../shared/oci/schema/test/config/", import.meta.url).pathname;
  await Kago.with({}, async (kago) => {
    const config = `${kago.bundle.path}/config.json`;
    for (const { name } of Deno.readDirSync(`${samples}/bad`)) {
      await Deno.copyFile(`${samples}/bad/${name}`, config);
      await assertRefused(kago, await kago.foreground(), "");
    }
    for (const { name } of Deno.readDirSync(`${samples}/good`)) {
      await Deno.copyFile(`${samples}/good/${name}`, config);
      const { code, stderr } = await kago.run("plan", "-b", kago.bundle.path);
      // A valid config may still ask for what cannot be carried out; then the place is named.
      if (code !== 0) assertMatch(stderr, /msg="(ociVersion|process|hooks|linux[.\w]*): /, name);
    }
  });
});

Deno.test("bad command lines are refused with the place to look", async () => {
  for (
    const args of [["nonsense"], ["create"], ["state", "a", "b"], ["kill", "--no-such", "x"]]
  ) {
    const { code, stderr } = await Kago.command(...args);
    assertEquals(code, 1, args.join(" "));
    assertMatch(stderr, /; see kago .*--help/);
  }
});

Deno.test("a command that is near to one that there is gets a suggestion; no command gets the help", async () => {
  const { code, stderr } = await Kago.command("sttae", "x");
  assertEquals(code, 1);
  assertStringIncludes(stderr, "unknown command sttae, did you mean state? see kago --help");
  const help = await Kago.command();
  assertEquals([help.code, help.stderr], [0, ""]);
  assertStringIncludes(help.stdout, "Usage: kago ");
});

Deno.test("an id that is no id is refused", async () => {
  await Kago.with({}, async (kago) => {
    for (const id of ["../x", ".", "a/b", "", "a b"]) {
      const { code, stderr } = await kago.run("run", "-b", kago.bundle.path, id);
      assertEquals(code, 1);
      assertStringIncludes(stderr, "invalid container id");
    }
  });
});
