/** `exec` in containers that are not in the state running, under runc and kago. Needs root and runc. */
import { assertEquals, assertMatch } from "@std/assert";
import { ExecContender, type ExecRuntime } from "./exec_contender.ts";

const RUNTIMES = ["runc", "kago"] as const satisfies readonly ExecRuntime[];

/** Runs `use` with a container of each runtime. */
async function underBoth(use: (container: ExecContender) => Promise<void>): Promise<void> {
  for (const runtime of RUNTIMES) {
    await using container = await ExecContender.start(runtime, "default");
    await use(container);
  }
}

const asked = (name: string, options: string[] = [], command = ["echo", "done"]) => ({
  container: "default",
  name,
  options,
  command,
});

async function refused(container: ExecContender, gist: RegExp): Promise<void> {
  const { facts, stderr } = await container.exec(asked("refused"));
  assertEquals(facts.get("outcome"), "ended with 255");
  assertMatch(stderr, gist);
}

Deno.test("exec is refused with 255 in a paused container, under runc and kago", async () => {
  await underBoth(async (container) => {
    await container.call("pause");
    await refused(container, /paused/);
    await container.call("resume");
    const { facts } = await container.exec(asked("resumed"));
    assertEquals(facts.get("printed"), "done\n");
  });
});

Deno.test("exec is refused with 255 in a stopped container and in none, under runc and kago", async () => {
  await underBoth(async (container) => {
    const { facts } = await container.exec(asked("end", [], ["kill", "-9", "1"]));
    assertEquals(facts.get("outcome"), "ended with 0"); // signals of its own pid namespace do not kill Init
    await container.end();
    await refused(container, /stopped/);
    await container.call("delete");
    await refused(container, /does not exist/);
  });
});

Deno.test("exec --cgroup goes into a sub-cgroup, under runc and kago", async () => {
  const seen: unknown[] = [];
  await underBoth(async (container) => {
    using _folders = container.subCgroups("sub");
    const show = asked("sub", ["--cgroup", "sub"], ["cat", "/proc/self/cgroup"]);
    const { facts, stderr } = await container.exec(show);
    assertEquals(stderr, "");
    seen.push(facts.get("printed"));
    const wrong = await container.exec({ ...show, options: ["--cgroup", "missing"] });
    assertEquals(wrong.facts.get("outcome"), "ended with 255");
    const above = await container.exec({ ...show, options: ["--cgroup", "../.."] });
    assertEquals(above.facts.get("outcome"), "ended with 255");
  });
  assertEquals(seen[1], seen[0]);
});
