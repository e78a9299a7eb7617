/** SCMP_ACT_NOTIFY: who decides about a container's system calls gets its listener, under run, start and exec. Needs root. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { Beside, compileC } from "../harness/c_program.ts";
import { Kago } from "../harness/kago.ts";

const RECEIVER = await compileC(new URL("fd_receiver.c", import.meta.url));
Deno.test.afterAll(() => Deno.remove(RECEIVER));

const DENIED = "Disk quota exceeded"; // EDQUOT, the agent's answer

/** Runs `use` with a bundle whose mkdir(2) an agent decides about. */
async function withAgent(
  args: readonly string[],
  noNewPrivileges: boolean,
  use: (kago: Kago, agent: Beside) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "agent_" });
  const listenerPath = `${folder}/agent.sock`;
  const seccomp = {
    defaultAction: "SCMP_ACT_ALLOW",
    listenerPath,
    listenerMetadata: "the agent's own words",
    syscalls: [{ names: ["mkdir", "mkdirat"], action: "SCMP_ACT_NOTIFY" }],
  };
  const config = { process: { noNewPrivileges }, linux: { seccomp } };
  try {
    await Kago.with({ args, config, annotations: { a: "b" } }, async (kago) => {
      await using agent = await Beside.start(RECEIVER, listenerPath);
      await use(kago, agent);
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const MKDIR = ["mkdir", "/tmp/made"];

for (const noNewPrivileges of [true, false]) {
  const kind = noNewPrivileges ? "with no_new_privs" : "without no_new_privs";

  Deno.test(`the agent decides for the container's process, ${kind}`, async () => {
    await withAgent(MKDIR, noNewPrivileges, async (kago, agent) => {
      const { code, stderr } = await kago.foreground();
      assertEquals(code, 1);
      assertStringIncludes(stderr, DENIED);
      await agent.until("asked ");
      const [state, asked] = agent.lines;
      const { pid, state: inner, ...rest } = JSON.parse(state!);
      assertEquals(rest, {
        ociVersion: "1.0.2",
        fds: ["seccompFd"],
        metadata: "the agent's own words",
      });
      assertEquals(inner, {
        ociVersion: "1.0.2",
        id: kago.id,
        status: "creating",
        pid,
        bundle: kago.bundle.path,
        annotations: { a: "b" },
      });
      assertStringIncludes(asked!, ` of ${pid}'s mkdir`);
    });
  });

  Deno.test(`exec sends the agent a listener of its own, ${kind}`, async () => {
    await withAgent(["sleep", "1000"], noNewPrivileges, async (kago, agent) => {
      assertEquals((await kago.create()).code, 0);
      assertEquals((await kago.run("start", kago.id)).code, 0);
      const { code, stderr } = await kago.run("exec", kago.id, ...MKDIR);
      assertEquals(code, 1);
      assertStringIncludes(stderr, DENIED);
      await agent.until("asked ");
      const [, text, asked] = agent.lines;
      const { pid, fds, metadata, state } = JSON.parse(text!);
      assertEquals([fds, metadata], [["seccompFd"], "the agent's own words"]);
      assertEquals([state.status, state.pid], ["running", (await kago.state()).pid]);
      assert(pid !== state.pid);
      assertStringIncludes(asked!, ` of ${pid}'s mkdir`);
    });
  });
}

Deno.test("exec fails with one sentence when its agent has gone, and the container lives on", async () => {
  await withAgent(["sleep", "1000"], true, async (kago, agent) => {
    assertEquals((await kago.create()).code, 0);
    assertEquals((await kago.run("start", kago.id)).code, 0);
    await agent[Symbol.asyncDispose]();
    const { code, stdout, stderr } = await kago.run("exec", kago.id, "true");
    assertEquals([code, stdout], [255, ""]);
    assertEquals(stderr.trim().split("\n").length, 1, stderr);
    assertStringIncludes(stderr, "agent.sock");
    assertEquals((await kago.state()).status, "running");
  });
});
