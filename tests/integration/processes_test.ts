/** Whom ps shows, list tells of, and kill and delete end. Needs root. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { BundleOptions } from "../../scripts/sample/bundle.ts";
import { Kago } from "../harness/kago.ts";
import { until } from "../harness/until.ts";
import { isAlive } from "../harness/is_alive.ts";

const TWO = { args: ["sh", "-c", "sleep 1001 & exec sleep 1000"] };
/** Without a pid namespace of its own. */
const SHARED: BundleOptions = {
  ...TWO,
  config: {
    linux: { namespaces: ["network", "ipc", "uts", "mount", "cgroup"].map((type) => ({ type })) },
  },
};

/** Runs `use` with a started container, once it has two processes. */
async function started(options: BundleOptions, use: (kago: Kago) => Promise<void>): Promise<void> {
  await Kago.with(options, async (kago) => {
    assertEquals((await kago.create()).code, 0);
    assertEquals((await kago.run("start", kago.id)).code, 0);
    await until("it has two processes", async () => (await pids(kago)).length === 2);
    await use(kago);
  });
}

async function pids(kago: Kago): Promise<number[]> {
  const { code, stdout, stderr } = await kago.run("ps", "--format", "json", kago.id);
  assertEquals(code, 0, stderr);
  return JSON.parse(stdout);
}

function wait(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

Deno.test("ps shows the container's processes alone, with the options for ps", async () => {
  await started(TWO, async (kago) => {
    const ids = await pids(kago);
    assert(ids.includes((await kago.state()).pid as number));
    const table = (await kago.run("ps", kago.id)).stdout.split("\n");
    assert(/^UID +PID +PPID /.test(table[0]!), table[0]);
    assertEquals(table.slice(1, -1).map((line) => Number(line.split(/ +/)[1])), ids);
    const { stdout } = await kago.run("ps", kago.id, "-o", "pid=PID,args", "-e");
    assertEquals(
      stdout.trim().split("\n").slice(1).map((line) => line.trim().split(/ +/).slice(1)),
      [
        ["sleep", "1000"],
        ["sleep", "1001"],
      ],
    );
  });
});

Deno.test("ps says what is wrong with its options, and shows nobody of a stopped container", async () => {
  await started(TWO, async (kago) => {
    const noColumn = await kago.run("ps", kago.id, "-o", "comm");
    assertEquals(noColumn.code, 1);
    assertStringIncludes(noColumn.stderr, "the output of ps has no column PID");
    const unknown = await kago.run("ps", kago.id, "--no-such-option");
    assertEquals(unknown.code, 1);
    assertStringIncludes(unknown.stderr, "ps --no-such-option failed with exit code 1: error:");
    const format = await kago.run("ps", "-f", "yaml", kago.id);
    assertStringIncludes(format.stderr, "is not one of table, json, host, guest");
    await kago.run("kill", kago.id, "KILL");
    await kago.until("stopped");
    await until("all have ended", async () => (await pids(kago)).length === 0);
    assertEquals((await kago.run("ps", kago.id)).stdout.trim().split("\n").length, 1);
  });
});

Deno.test("the death of a container's Init ends all in its pid namespace", async () => {
  await started(TWO, async (kago) => {
    assertEquals((await kago.run("kill", kago.id, "KILL")).code, 0);
    await until("all have ended", async () => (await pids(kago)).length === 0);
  });
});

Deno.test("kill KILL ends all of a container that shares its pid namespace", async () => {
  await started(SHARED, async (kago) => {
    assertEquals((await kago.run("kill", kago.id, "KILL")).code, 0);
    await until("all have ended", async () => (await pids(kago)).length === 0);
  });
});

Deno.test("of a stopped container with a shared pid namespace, kill --all, kill KILL and delete end the rest", async () => {
  for (const end of [["kill", "--all"], ["kill"], ["delete"], ["delete", "--force"]]) {
    await started(SHARED, async (kago) => {
      assertEquals((await kago.run("kill", kago.id, "TERM")).code, 0);
      await kago.until("stopped");
      assertEquals((await pids(kago)).length, 1);
      const [left] = await pids(kago);
      const [command, ...options] = end;
      const signal = command === "kill" ? [options.length > 0 ? "TERM" : "KILL"] : [];
      assertEquals((await kago.run(command!, ...options, kago.id, ...signal)).code, 0);
      await until(`${end.join(" ")} ends what was left`, () => !isAlive(left!));
      if (command !== "kill") return;
      assertEquals((await kago.run("kill", kago.id, "KILL")).code, 1, "nobody is left");
    });
  }
});

Deno.test("kill --all sends a signal to every process once", async () => {
  const child = "trap 'echo child' USR1; echo here; while :; do sleep 0.01; done";
  const script =
    `trap 'echo init' USR1; echo ready; sh -c "${child}" & while :; do sleep 0.01; done`;
  await Kago.with({ args: ["sh", "-c", script] }, async (kago) => {
    await kago.create();
    await kago.run("start", kago.id);
    await kago.says("ready\n");
    await kago.says("here\n");
    // The sleeps die of it.
    assertEquals((await kago.run("kill", "--all", kago.id, "USR1")).code, 0);
    await kago.says("init\n");
    await kago.says("child\n");
    await wait(100);
    const heard = kago.output().split("\n").filter((line) => /^(init|child)$/.test(line));
    assertEquals(heard.sort(), ["child", "init"]);
  });
});

Deno.test("list has the damaged, and the created whose creator is at it, in all its forms", async () => {
  await Kago.with({ args: ["sleep", "1000"] }, async (kago) => {
    assertEquals((await kago.run("list")).stdout, `${HEADER}\n`);
    assertEquals((await kago.run("list", "-f", "json")).stdout, "[]\n");
    assertEquals((await kago.run("list", "-q")).stdout, "");
    await kago.create();
    await Deno.mkdir(`${kago.root}/a-damaged`);
    await Deno.writeTextFile(`${kago.root}/a-damaged/state.json`, "{");
    await Deno.mkdir(`${kago.root}/b-creating`);
    using lock = await Deno.open(`${kago.root}/b-creating`);
    await lock.lock(true);
    const rows = JSON.parse((await kago.run("list", "--format", "json")).stdout);
    assertEquals(
      rows.map(({ id, status }: Record<string, string>) => [id, status]),
      [["a-damaged", "damaged"], ["b-creating", "creating"], [kago.id, "created"]],
    );
    assertEquals((await kago.run("list", "-q")).stdout, `a-damaged\nb-creating\n${kago.id}\n`);
    const state = await kago.state();
    const [header, ...lines] = (await kago.run("list")).stdout.trimEnd().split("\n");
    assertEquals(header!.split(/ +/), HEADER.split(/ +/));
    assertEquals(lines.map((line) => line.split(/ +/)).at(-1), [
      kago.id,
      `${state.pid}`,
      "created",
      kago.bundle.path,
      state.created as string,
      "root",
    ]);
  });
});

const HEADER = "ID          PID         STATUS      BUNDLE      CREATED     OWNER";

Deno.test("list of a root that was named and is not there is an error, as with runc", async () => {
  const root = await Deno.makeTempDir();
  assertEquals(await Kago.command("--root", root, "list", "-q"), {
    code: 0,
    stdout: "",
    stderr: "",
  });
  await Deno.remove(root);
  for (const options of [[], ["-q"], ["--format", "json"]]) {
    const { code, stdout, stderr } = await Kago.command("--root", root, "list", ...options);
    assertEquals([code, stdout], [1, ""]);
    assertStringIncludes(stderr, `--root: ${root}: no such file or directory`);
  }
});
