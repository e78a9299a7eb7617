/** pause and resume, and what else works on a paused container. Needs root. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { Kago } from "../harness/kago.ts";
import { until } from "../harness/until.ts";

const COUNT = "i=0; while :; do i=$((i+1)); echo $i; sleep 0.01; done";

/** Runs `use` with a container that writes a line every 10 ms. */
function counting(use: (kago: Kago) => Promise<void>): Promise<void> {
  return Kago.with({ args: ["sh", "-c", COUNT] }, async (kago) => {
    await ok(kago, "create");
    await ok(kago, "start");
    await use(kago);
  });
}

async function ok(kago: Kago, command: string, ...args: string[]): Promise<void> {
  const result = command === "create"
    ? await kago.create()
    : await kago.run(command, kago.id, ...args);
  assertEquals(result.code, 0, `${command}: ${result.stdout}${result.stderr}`);
}

async function refused(kago: Kago, command: string, allowed: string): Promise<void> {
  const { code, stderr } = await kago.run(command, kago.id);
  assertEquals(code, 1);
  assertStringIncludes(stderr, `cannot ${command} container ${kago.id}: ${allowed}`);
}

function wait(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

Deno.test("a paused container stands still and says so, a resumed one goes on", async () => {
  await counting(async (kago) => {
    await ok(kago, "pause");
    const { status, pid } = await kago.state();
    assertEquals(status, "paused");
    assert(pid as number > 0);
    const before = kago.output();
    await wait(100);
    assertEquals(kago.output(), before);
    const list = (await kago.run("list")).stdout;
    assert(new RegExp(`^${kago.id} +${pid} +paused `, "m").test(list), list);
    await ok(kago, "resume");
    assertEquals((await kago.state()).status, "running");
    await until("it goes on", () => kago.output() !== before);
  });
});

Deno.test("paused containers refuse start, delete and another pause, running ones resume", async () => {
  await counting(async (kago) => {
    await refused(kago, "resume", "it is running, not paused");
    await ok(kago, "pause");
    await refused(kago, "start", "it is paused, not created");
    await refused(kago, "delete", "it is paused, not created or stopped");
    await refused(kago, "pause", "it is paused, not created or running");
    await ok(kago, "kill", "KILL");
    await kago.until("stopped");
    await refused(kago, "pause", "it is stopped, not created or running");
    await refused(kago, "resume", "it is stopped, not paused");
  });
});

Deno.test("a created container can be paused, and is created again when it is resumed", async () => {
  await Kago.with({ args: ["sleep", "1000"] }, async (kago) => {
    await ok(kago, "create");
    await ok(kago, "pause");
    assertEquals((await kago.state()).status, "paused");
    await refused(kago, "start", "it is paused, not created");
    await ok(kago, "resume");
    assertEquals((await kago.state()).status, "created");
    await ok(kago, "start");
  });
});

Deno.test("a signal to a paused container waits for its resume, SIGKILL does not", async () => {
  await counting(async (kago) => {
    await ok(kago, "pause");
    await ok(kago, "kill", "KILL");
    await kago.until("stopped");
    await ok(kago, "delete");
    assertEquals(kago.cgroups(), []);
  });
  const script = "trap 'echo heard; exit' TERM; echo ready; while :; do sleep 0.01; done";
  await Kago.with({ args: ["sh", "-c", script] }, async (kago) => {
    await ok(kago, "create");
    await ok(kago, "start");
    await kago.says("ready\n");
    await ok(kago, "pause");
    await ok(kago, "kill", "TERM");
    await wait(100);
    assertEquals(kago.output(), "ready\n");
    assertEquals((await kago.state()).status, "paused");
    await ok(kago, "resume");
    await kago.until("stopped");
    assertEquals(kago.output(), "ready\nheard\n");
  });
});

Deno.test("kill --all KILL and delete --force end a paused container", async () => {
  await counting(async (kago) => {
    await ok(kago, "pause");
    await ok(kago, "kill", "--all", "KILL");
    await kago.until("stopped");
  });
  await counting(async (kago) => {
    await ok(kago, "pause");
    // It fails when it waits for a frozen process.
    await ok(kago, "delete", "--force");
    assertEquals(kago.cgroups(), []);
  });
});

Deno.test("a container without a cgroup cannot be paused, and the error says why", async () => {
  await Kago.with({ args: ["sleep", "1000"] }, async (kago) => {
    const { path } = kago.bundle;
    const options = { output: `${path}/output` };
    const args = ["--cgroup-manager", "disabled", "create", "--bundle", path, kago.id];
    assertEquals((await kago.runWith(options, ...args)).code, 0);
    for (const command of ["pause", "ps"]) {
      const { code, stderr } = await kago.run(command, kago.id);
      assertEquals(code, 1);
      assertStringIncludes(stderr, "it has no cgroup of its own");
    }
  });
});
