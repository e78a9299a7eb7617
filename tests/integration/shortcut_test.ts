/** What the packed executable does without Deno (helper-c/entry/shortcut.h). Needs root. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { buildLibkrunDouble } from "../doubles/libkrun/build.ts";
import type { BundleOptions } from "../../scripts/sample/bundle.ts";
import { Kago } from "../harness/kago.ts";

/** Is the file there that the stub makes the state? */
function hasStartedState(kago: Kago): boolean {
  const names = [...Deno.readDirSync(`${kago.root}/${kago.id}`)].map(({ name }) => name);
  return names.includes("started.json");
}

Deno.test("a plain container is started and deleted by the entry stub", async () => {
  await Kago.with({ args: ["sh", "-c", "echo up"] }, async (kago) => {
    await kago.create();
    assert(hasStartedState(kago));
    assertEquals((await kago.run("start", kago.id)).code, 0);
    assert(!hasStartedState(kago));
    await kago.until("stopped");
    assertEquals(kago.output(), "up\n");
    assertEquals((await kago.run("delete", kago.id)).code, 0);
    assertEquals(kago.cgroups(), []);
    assertEquals((await kago.run("state", kago.id)).code, 1);
  });
});

Deno.test("a second start is refused with a sentence", async () => {
  await Kago.with({ args: ["sleep", "1000"] }, async (kago) => {
    await kago.create();
    await kago.run("start", kago.id);
    const { code, stderr } = await kago.run("start", kago.id);
    assertEquals(code, 1);
    assertStringIncludes(stderr, "running");
  });
});

Deno.test("a program that cannot be executed fails start, and says why", async () => {
  await Kago.with({ args: ["/bin/rubbish"] }, async (kago) => {
    await Deno.writeTextFile(`${kago.bundle.rootfs}/bin/rubbish`, "\0\0\0\0", { mode: 0o755 });
    assertEquals((await kago.create()).code, 0);
    const { code, stderr } = await kago.run("start", kago.id);
    assertEquals(code, 1);
    assertStringIncludes(stderr, "exec format error");
    assertEquals((await kago.state()).status, "stopped");
    assertEquals((await kago.run("delete", kago.id)).code, 0);
  });
});

Deno.test("a container with later hooks is started and deleted by the program", async () => {
  const hook = (name: string) => [{ path: "/bin/sh", args: ["sh", "-c", `echo ${name} >> ran`] }];
  const config = { hooks: { poststart: hook("poststart"), poststop: hook("poststop") } };
  await Kago.with({ args: ["true"], config }, async (kago) => {
    await kago.create();
    assert(!hasStartedState(kago));
    await kago.run("start", kago.id);
    await kago.until("stopped");
    await kago.run("delete", kago.id);
    assertEquals(await Deno.readTextFile(`${kago.bundle.path}/ran`), "poststart\npoststop\n");
  });
});

Deno.test("a process that outlives the container's Init is ended by delete", async () => {
  const namespaces = ["mount", "network", "ipc", "uts"].map((type) => ({ type }));
  const script = "setsid sleep 1000 > /dev/null 2>&1 &";
  await Kago.with(
    { args: ["sh", "-c", script], config: { linux: { namespaces } } },
    async (kago) => {
      await kago.create();
      await kago.run("start", kago.id);
      await kago.until("stopped");
      assertEquals((await kago.run("delete", kago.id)).code, 0);
      assertEquals(kago.cgroups(), []);
    },
  );
});

const HOOK = [{ path: "/bin/true" }];
const KINDS: Record<string, BundleOptions> = {
  "a plain container": { annotations: { b: '"pid": 1', a: "\u0001€" } },
  "a container with hooks": { config: { hooks: { poststart: HOOK, poststop: HOOK } } },
  "a container without a cgroup of its own": { config: { linux: { cgroupsPath: "" } } },
  "a microVM": { annotations: { "run.oci.handler": "krun" } },
};

for (const [kind, options] of Object.entries(KINDS)) {
  Deno.test(`the state of ${kind} is the same with Deno and without`, async () => {
    using double = await buildLibkrunDouble();
    await Kago.with({ args: ["sleep", "1000"], ...options }, async (kago) => {
      kago.globals.push(...double.options);
      const same = async (status: string) => {
        const [stub, deno] = await Promise.all([
          kago.run("state", kago.id),
          kago.runWith({}, "--debug", "state", kago.id),
        ]);
        assertEquals(stub.code, 0, stub.stderr);
        assertEquals(stub.stdout, deno.stdout);
        assertEquals(JSON.parse(stub.stdout).status, status);
        assertEquals([stub.stderr, deno.stderr.includes("command done")], ["", true]);
      };
      assertEquals((await kago.create()).code, 0, kago.output());
      await same("created");
      assertEquals((await kago.run("start", kago.id)).code, 0);
      await same("running");
      assertEquals((await kago.run("pause", kago.id)).code, 0);
      await same("paused");
      assertEquals((await kago.run("resume", kago.id)).code, 0);
      await same("running");
      assertEquals((await kago.run("kill", kago.id, "KILL")).code, 0);
      await kago.until("stopped");
      await same("stopped");
      assertEquals((await kago.run("delete", kago.id)).code, 0);
      assertEquals((await kago.run("delete", "--force", kago.id)).code, 0);
    });
  });
}
