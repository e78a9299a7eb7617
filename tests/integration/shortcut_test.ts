/** `start` and `delete` of plain containers, which the packed executable does without Deno (helper-c/entry/shortcut.h). */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { Kago } from "../harness/kago.ts";

/** The state's own change would have removed the file. */
function startedByStub(kago: Kago): boolean {
  return [...Deno.readDirSync(`${kago.root}/${kago.id}`)].some(({ name }) => name === "shortcut");
}

Deno.test("a plain container is started and deleted by the entry stub", async () => {
  await Kago.with({ args: ["sh", "-c", "echo up"] }, async (kago) => {
    await kago.create();
    assertEquals((await kago.run("start", kago.id)).code, 0);
    assert(startedByStub(kago));
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
    assert(!startedByStub(kago));
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
