/** The ends of the standard streams of a microVM's own process and of executed ones, with the real libkrun. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { KAGO, Kago } from "../../harness/kago.ts";
import { run, type RunResult } from "../../harness/run.ts";

const ANNOTATIONS = { "run.oci.handler": "krun", "krun.ram_mib": "256" };

/** Seconds for a microVM to boot, and to end, under nested emulation. */
const PATIENCE = 90;

/** A line of bash on the host, in which `$KAGO_RUN` runs a microVM with this script. */
async function bash(
  script: string,
  line: string,
  annotations: Record<string, string> = {},
): Promise<RunResult> {
  const options = {
    annotations: { ...ANNOTATIONS, ...annotations },
    args: ["/bin/sh", "-c", script],
  };
  let result: RunResult | undefined;
  await Kago.with(options, async (kago) => {
    const env = { KAGO_RUN: `${KAGO} --root ${kago.root} run -b ${kago.bundle.path} ${kago.id}` };
    result = await run("bash", ["-c", line], { env, timeout: PATIENCE });
  });
  return result!;
}

Deno.test("a writer whose reader has gone gets SIGPIPE, and the microVM ends", async () => {
  const line = "$KAGO_RUN | head -c 1000 | wc -c; echo ${PIPESTATUS[0]}";
  const { stdout, stderr } = await bash("yes; echo yes: $? >&2; exit 3", line);
  assertEquals(stdout, "1000\n3\n");
  assertMatch(stderr, /^yes: 141$/m);
  assert(stderr.length < 1000, stderr.slice(0, 2000));
});

Deno.test("a writer to a full device hears of it, and the microVM ends", async () => {
  const { stdout, stderr } = await bash(
    "yes; echo yes: $? >&2; exit 3",
    "$KAGO_RUN > /dev/full; echo $?",
  );
  assertEquals(stdout, "3\n");
  assertMatch(stderr, /^yes: 141$/m);
  assert(stderr.length < 1000, stderr.slice(0, 2000));
});

Deno.test("an executed writer whose reader has gone gets SIGPIPE, one that is fed closes its input", async () => {
  const options = { annotations: ANNOTATIONS, args: ["/bin/sleep", "1000"] };
  await Kago.with(options, async (kago) => {
    await kago.create();
    assertEquals((await kago.run("start", kago.id)).code, 0);
    const exec = `${KAGO} --root ${kago.root} exec ${kago.id} /bin/sh -c`;
    const line =
      `${exec} 'yes; echo yes: $? >&2; exit 3' | head -c 1000 | wc -c; echo \${PIPESTATUS[0]};` +
      `(yes; echo fed: $? >&2) | ${exec} 'exec <&-; sleep 20'`;
    const { stdout, stderr } = await run("bash", ["-c", line], { timeout: PATIENCE });
    assertEquals(stdout, "1000\n3\n");
    assertMatch(stderr, /^yes: 141$/m);
    assertMatch(stderr, /^fed: 141$/m);
    await kago.run("kill", kago.id, "KILL");
  });
});

Deno.test("all that a process wrote arrives before its exit code, however late it is read", async () => {
  // More than the reader's pipe holds, less than the maximum in flight: the process ends before its output is read.
  const line = "$KAGO_RUN | (sleep 25; wc -c); echo ${PIPESTATUS[0]}";
  const script = "head -c 100000 /dev/zero; exit 7";
  assertEquals((await bash(script, line, { "krun.cpus": "2" })).stdout, "100000\n7\n");
});

Deno.test("output of a microVM with two processors is whole, again and again", async () => {
  for (let i = 0; i < 2; i++) {
    const line = "$KAGO_RUN | md5sum; echo ${PIPESTATUS[0]}";
    const { stdout } = await bash("seq 1 30000; exit 7", line, { "krun.cpus": "2" });
    const { stdout: expected } = await run("bash", ["-c", "seq 1 30000 | md5sum; echo 7"]);
    assertEquals(stdout, expected);
  }
});
