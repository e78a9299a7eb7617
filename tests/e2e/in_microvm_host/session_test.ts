/** Signals to a microVM, and processes executed in it, with the real libkrun: one VM for all tests. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { askGuest } from "../../harness/ask_guest.ts";
import { KAGO, Kago } from "../../harness/kago.ts";
import { run, type RunOptions, type RunResult } from "../../harness/run.ts";
import { until } from "../../harness/until.ts";
import { isAlive } from "../../harness/is_alive.ts";

/** `kago exec` of a process in the guest, until it ends. */
async function session(
  kago: Kago,
  process: Record<string, unknown>,
  options: RunOptions = {},
): Promise<RunResult> {
  const args = ["exec", "--process", await processFile(kago, process), kago.id];
  return kago.runWith({ timeout: 120, ...options }, ...args);
}

async function processFile(kago: Kago, process: Record<string, unknown>): Promise<string> {
  const path = await Deno.makeTempFile({ dir: kago.bundle.path });
  await Deno.writeTextFile(path, JSON.stringify({ cwd: "/", env: [PATH], ...process }));
  return path;
}

const PATH = "PATH=/bin";

const sh = (script: string, rest: Record<string, unknown> = {}) => ({
  args: ["/bin/sh", "-c", script],
  ...rest,
});

const CASES: Record<string, (kago: Kago) => Promise<void>> = {
  async "a process has its streams, its user and its exit code"(kago) {
    const user = { uid: 1000, gid: 1001, additionalGids: [7] };
    const script = "id; pwd; echo $X; echo error >&2; cat; exit 41";
    const process = sh(script, { user, env: [PATH, 'X=a "b"'], cwd: "/tmp" });
    const { code, stdout, stderr } = await session(kago, process, { stdin: "from outside\n" });
    assertEquals(code, 41, stderr);
    assertMatch(stdout, /^uid=1000.* gid=1001.*7/);
    assertStringIncludes(stdout, '\n/tmp\na "b"\nfrom outside\n');
    assertEquals(stderr, "error\n");
  },
  async "a program that is not there is told as on the host"(kago) {
    const { code, stderr } = await session(kago, { args: ["nothing"] });
    assert(code > 0);
    assertStringIncludes(stderr, "executable file not found in $PATH");
  },
  async "a folder that is not there is told with the part of its path that is missing"(kago) {
    const { code, stderr } = await session(kago, { ...sh("true"), cwd: "/tmp/no/such" });
    assert(code > 0);
    assertStringIncludes(
      stderr,
      String.raw`process.cwd: \"/tmp/no/such\" does not exist, \"/tmp/no\" is missing: `,
    );
  },
  async "16 MiB go in and come out whole, at the same time"(kago) {
    const file = `${kago.bundle.path}/random`;
    await run("sh", ["-c", `head -c 16777216 /dev/urandom > ${file}`]);
    const command =
      `${KAGO} --root ${kago.root} exec ${kago.id} cat < ${file} | cmp - ${file} && echo same`;
    const { stdout, stderr } = await run("sh", ["-c", command], { timeout: 120 });
    assertEquals(stdout, "same\n", stderr);
  },
  async "64 processes run at once"(kago) {
    const numbers = Array.from({ length: 64 }, (_, number) => number);
    const file = await processFile(kago, { args: ["/bin/sleep", "1000"] });
    // Detached, 4 commands at a time: many Deno processes would otherwise dominate the test.
    const pidFile = (number: number) => `${kago.bundle.path}/pid.${number}`;
    for (let at = 0; at < 64; at += 4) {
      const started = await Promise.all(
        numbers.slice(at, at + 4).map((number) =>
          kago.runWith(
            { timeout: 120 },
            ...["exec", "--detach", "--pid-file", pidFile(number), "--process", file, kago.id],
          )
        ),
      );
      for (const { code, stderr } of started) assertEquals(code, 0, stderr);
    }
    const processes = async () => new TextDecoder().decode(await askGuest(kago, "processes"));
    // Their parent is not visible; the container's own program also sleeps now and then.
    const executed = (list: string) => list.match(/^\d+\t0\t.*\tsleep$/gm) ?? [];
    const list = await processes();
    assertEquals(executed(list).length, 64, list);
    const alive = (number: number) => isAlive(Number(Deno.readTextFileSync(pidFile(number))));
    assert(numbers.every(alive), "each has a process on the host");
    // A process ends with the one that represents it on the host.
    for (const number of numbers) {
      Deno.kill(Number(Deno.readTextFileSync(pidFile(number))), "SIGKILL");
    }
    await until("all have ended", () => !numbers.some(alive));
    await until("none is left in the guest", async () => executed(await processes()).length === 0);
  },
  async "a signal to what stands for the process reaches it"(kago) {
    const script = "trap 'echo caught; exit 9' TERM; echo ready; while :; do sleep 0.1; done";
    const child = new Deno.Command(KAGO, {
      args: ["--root", kago.root, "exec", kago.id, "sh", "-c", script],
      stdout: "piped",
      stderr: "inherit",
      stdin: "null",
    }).spawn();
    const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
    assertEquals((await reader.read()).value, "ready\n");
    child.kill("SIGTERM");
    assertEquals((await reader.read()).value, "caught\n");
    await reader.cancel();
    assertEquals((await child.status).code, 9);
  },
  async "a terminal has a size, and is the process's own"(kago) {
    const process = sh("tty; stty size", {
      terminal: true,
      consoleSize: { height: 33, width: 111 },
    });
    const { code, stdout, stderr } = await session(kago, process);
    assertEquals(code, 0, stderr);
    assertMatch(stdout, /^\/dev\/pts\/\d+\r\n33 111\r\n$/);
  },
  async "the agent tells the guest's figures and processes"(kago) {
    const figures = new BigUint64Array((await askGuest(kago, "figures")).slice().buffer);
    assertEquals(figures.length, 6);
    const [total, available, memory, cpu, pids] = figures as unknown as bigint[];
    assert(total! > 128n << 20n && total! < 300n << 20n, `${total}`);
    assert(available! > 0n && available! < total! && memory! > 0n && cpu! > 0n, `${figures}`);
    assert(pids! >= 1n && pids! < 10n, `${pids}`);
    const list = new TextDecoder().decode(await askGuest(kago, "processes"));
    assertMatch(list, /^1\t0\t0\t\d+\tsh$/m);
  },
  async "a guest that does not take a signal is reported"(kago) {
    const { code, stderr } = await kago.run("kill", kago.id, "65");
    assertEquals(code, 1, stderr);
    assertEquals((await kago.run("kill", kago.id, "0")).code, 0);
  },
};

Deno.test("root of a guest has the rights to files that the container's own user has", async () => {
  const annotations = { "run.oci.handler": "krun", "krun.ram_mib": "256" };
  const config = { process: { user: { uid: 1000, gid: 1000 } } };
  await Kago.with({ annotations, config, args: ["/bin/sleep", "1000"] }, async (kago) => {
    const { rootfs } = kago.bundle;
    await Deno.chmod(kago.bundle.path, 0o755);
    await Deno.writeTextFile(`${rootfs}/secret`, "", { mode: 0o600 });
    await Deno.mkdir(`${rootfs}/shared`);
    await Deno.chmod(`${rootfs}/shared`, 0o777);
    const running = kago.background();
    await kago.until("running");
    const script = "id -u; cat /secret; echo x > /made; echo x > /shared/made; " +
      "stat -c %u /shared/made; echo x > /dev/shm/made; stat -c %u /dev/shm/made";
    const process = sh(script, { user: { uid: 0, gid: 0 } });
    const { stdout, stderr } = await session(kago, process);
    // The guest's own filesystems belong to its root; the VMM accesses the container's files.
    assertEquals(stdout, "0\n1000\n0\n");
    assertMatch(stderr, /\/secret'?: Permission denied/);
    assertMatch(stderr, /\/made: Permission denied/);
    assertEquals((await Deno.stat(`${rootfs}/shared/made`)).uid, 1000);
    assertEquals((await kago.run("kill", kago.id, "KILL")).code, 0);
    await running;
  });
});

Deno.test("a microVM takes signals and runs more processes", async (t) => {
  const annotations = { "run.oci.handler": "krun", "krun.ram_mib": "256" };
  const args = [
    "/bin/sh",
    "-c",
    "trap 'echo term; exit 42' TERM; trap 'echo usr1' USR1; echo up; while :; do sleep 0.1; done",
  ];
  await Kago.with({ annotations, args }, async (kago) => {
    const running = kago.background();
    await kago.says("up");
    for (const [name, fn] of Object.entries(CASES)) await t.step(name, () => fn(kago));
    await t.step("kill reaches the guest's process, directly and by the VMM's pid", async () => {
      assertEquals((await kago.run("kill", kago.id, "USR1")).code, 0);
      await kago.says("usr1\n");
      Deno.kill((await kago.state()).pid as number, "SIGUSR1");
      await kago.says("usr1\nusr1\n");
      const killed = await kago.run("kill", kago.id, "TERM");
      assertEquals(killed.code, 0, killed.stderr);
      const { code } = await running;
      assertEquals(code, 42);
      assertStringIncludes(kago.output(), "term\n");
    });
  });
});
