/** `kago --stage=…`: the packed executable as the stages that kago starts. Needs root and `deno task build`. */
import { assertEquals, assertMatch } from "@std/assert";
import { closeFd, receive, send, socketPair } from "../../ffi/descriptors.ts";
import { openInRoot } from "../../ffi/files.ts";
import { waitForChild } from "../../ffi/processes.ts";
import { memoryFile, spawnStage } from "../../ffi/shim.ts";
import { encodePlan } from "../../runtime/plan/encode.ts";
import { type Op, type Plan, SYNC_POINTS } from "../../runtime/plan/op.ts";
import { ANSWER, decodeMessage, type Message } from "../../runtime/stages/message.ts";
import { KAGO } from "../harness/kago.ts";
import { run } from "../harness/run.ts";

const REFUSAL = "kago: stages are started by kago itself, which gives them a plan and a socket\n";

Deno.test("a stage that is called by hand says that kago starts stages, and fails", async () => {
  const calls = [
    ["--stage"],
    ["--stage="],
    ["--stage=intermediate"],
    ["--stage=init"],
    ["--stage=vmm"],
    ["--stage=intermediate", "5", "6", "-1", "-1", "-1"],
    ["--stage=intermediate", "0", "1", "2", "-1", "-1"],
    ["--stage=intermediate", "a", "b", "c", "d", "e"],
  ];
  const none: Record<string, string> = {};
  for (const args of calls) {
    for (const env of [none, { KAGO_CHANNELS: "0,1,2,-1,-1,-1,-1,-1,-1" }]) {
      const { code, stdout, stderr } = await run(KAGO, args, { env });
      assertEquals({ code, stdout, stderr }, { code: 1, stdout: "", stderr: REFUSAL });
    }
  }
  assertMatch((await run(KAGO, ["--stages"])).stderr, /unknown option --stages/);
});

/** Spawns the packed executable as Main spawns the stage program; it is its own VMM too. */
async function withStages(
  stages: Partial<Plan>,
  use: (pid: number, sync: number) => void | Promise<void>,
): Promise<void> {
  const plan = encodePlan({ intermediate: [], init: [], vmm: [], ...stages });
  const [sync, theirs] = socketPair();
  const exe = openInRoot("/", KAGO);
  const file = memoryFile("kago-plan", plan);
  const none = { listen: -1, target: -1, cgroup: -1 };
  const pid = spawnStage({ exe, plan: file, sync: theirs, vmm: exe, ...none });
  for (const fd of [theirs, exe, file]) closeFd(fd);
  try {
    await use(pid, sync);
  } finally {
    closeFd(sync);
    waitForChild(pid);
  }
}

function hear(sync: number): Message | undefined {
  const datagram = receive(sync);
  return datagram && decodeMessage(datagram.bytes);
}

const wait: Op = { op: "sync", point: SYNC_POINTS.hooks };

Deno.test("the packed executable is the Intermediate and Init, from a file that is not its own", async () => {
  const result = await Deno.makeTempFile();
  const script = `echo "$WORD" > ${result}; ulimit -s >> ${result}`;
  const init: Op[] = [
    wait,
    { op: "findProgram", file: "sh", search: "/usr/bin:/bin", from: "process.args" },
    { op: "exec", args: ["sh", "-c", script], env: ["WORD=told"], from: "process.args" },
  ];
  await withStages({ intermediate: [wait, { op: "cloneInit" }], init }, async (pid, sync) => {
    assertEquals(hear(sync)?.stage, "intermediate");
    assertMatch(await Deno.readLink(`/proc/${pid}/exe`), /^\/memfd:kago/);
    assertEquals((await Deno.stat(`/proc/${pid}/exe`)).mode! & 0o777, 0o111);
    assertMatch(await Deno.readTextFile(`/proc/${pid}/cmdline`), /^kago\0--stage=intermediate\0/);
    send(sync, ANSWER.goOn);
    // Init may be heard before the Intermediate has told of it.
    const heard = [hear(sync)!, hear(sync)!];
    const child = heard.find(({ type }) => type === "child")!;
    assertEquals(heard.find(({ type }) => type === "sync")?.stage, "init");
    send(sync, ANSWER.goOn);
    assertEquals(hear(sync), undefined);
    waitForChild(child.value);
  });
  const limit = await run("sh", ["-c", "ulimit -s"]);
  assertEquals(await Deno.readTextFile(result), `told\n${limit.stdout}`);
  await Deno.remove(result);
});

Deno.test("the packed executable is a stage that tells what failed, and a VMM", async () => {
  const chdir: Op = { op: "chdir", path: "/no/such", from: "process.cwd" };
  await withStages({ intermediate: [chdir] }, (_pid, sync) => {
    const { type, stage, value, errno } = hear(sync)!;
    assertEquals([type, stage, value, errno], ["failed", "intermediate", 0, 2]);
  });
  const ENOEXEC = 8;
  await withStages({ intermediate: [{ op: "execVmm", env: [] }] }, (_pid, sync) => {
    const { type, stage, errno } = hear(sync)!;
    assertEquals([type, stage, errno], ["failed", "vmm", ENOEXEC]);
  });
});
