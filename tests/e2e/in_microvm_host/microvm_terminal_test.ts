/** A microVM's console on its caller's terminal, against the real libkrun. Runs inside the emulated host. */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { KAGO, Kago } from "../../harness/kago.ts";
import { withoutMicrovmLog } from "../../harness/libkrun_log.ts";
import { inTerminal } from "../../harness/terminal.ts";

Deno.test("the process in a microVM has the caller's terminal, as its own and with its size", async () => {
  const options = {
    annotations: { "run.oci.handler": "krun", "krun.ram_mib": "256" },
    args: [
      "/bin/sh",
      "-c",
      "test -t 0 && test -t 1 && test -t 2 && tty; stty size; read word; echo got $word; exit 3",
    ],
    config: { process: { terminal: true } },
  };
  await Kago.with(options, async (kago) => {
    const words = [KAGO, "--root", kago.root, "run", "-b", kago.bundle.path, kago.id];
    const typed = { rows: 33, columns: 77, stdin: "typed\n", timeout: 90 };
    const { code, stdout } = await inTerminal(words.join(" "), typed);
    assertMatch(stdout, /^\/dev\/pts\/\d+\r$/m);
    assertMatch(stdout, /^33 77\r$/m);
    assertMatch(stdout, /^got typed\r$/m);
    assertEquals(stdout.includes("\r\r\n"), false, stdout);
    assertEquals(code, 3);
  });
});

const ANNOTATIONS = { "run.oci.handler": "krun", "krun.ram_mib": "256" };

/** Makes its terminal raw, prints READY, and echoes 256 bytes. */
const ECHO =
  "stty raw -echo; printf READY; dd bs=1 count=256 of=/tmp/got 2>/dev/null; cat /tmp/got";

const ALL_BYTES = Uint8Array.from({ length: 256 }, (_, byte) => byte);

/** ECHO's output for every byte typed, when `words` run it on a terminal. */
async function roundTrip(words: readonly string[]): Promise<Uint8Array> {
  const child = new Deno.Command("timeout", {
    args: ["90", "script", "-qec", words.map((word) => `'${word}'`).join(" "), "/dev/null"],
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const writer = child.stdin.getWriter();
  const seen: number[] = [];
  let typed = false;
  const ready = () => String.fromCharCode(...seen).indexOf("READY");
  for await (const chunk of child.stdout) {
    seen.push(...chunk);
    if (typed || ready() < 0) continue;
    typed = true;
    await writer.write(ALL_BYTES);
  }
  await writer.close().catch(() => {}); // it has ended
  await child.status;
  const echoed = String.fromCharCode(...seen.slice(ready() + "READY".length));
  return Uint8Array.from(withoutMicrovmLog(echoed), (byte) => byte.charCodeAt(0));
}

Deno.test("a raw terminal of a microVM passes every byte on, in and out, as one of `exec` does", async () => {
  const config = { process: { terminal: true } };
  const args = ["/bin/sh", "-c", ECHO];
  await Kago.with({ annotations: ANNOTATIONS, args, config }, async (kago) => {
    const words = [KAGO, "--root", kago.root, "run", "-b", kago.bundle.path, kago.id];
    assertEquals(await roundTrip(words), ALL_BYTES);
  });
  await Kago.with({ annotations: ANNOTATIONS, args: ["/bin/sleep", "1000"] }, async (kago) => {
    await kago.create();
    assertEquals((await kago.run("start", kago.id)).code, 0);
    const words = [KAGO, "--root", kago.root, "exec", "-t", kago.id, "/bin/sh", "-c", ECHO];
    assertEquals(await roundTrip(words), ALL_BYTES);
    assertEquals((await kago.run("kill", kago.id, "KILL")).code, 0);
  });
});

Deno.test("a microVM's terminal follows its caller's size, and may be closed and opened again", async () => {
  const script = "trap 'stty size; exit 0' WINCH; exec </dev/null >/dev/null 2>&1; sleep 1; " +
    "exec </dev/console >/dev/console 2>&1; echo back; touch /up; while :; do sleep 0.2; done";
  const config = { process: { terminal: true } };
  const args = ["/bin/sh", "-c", script];
  await Kago.with({ annotations: ANNOTATIONS, args, config }, async (kago) => {
    const words = [KAGO, "--root", kago.root, "run", "-b", kago.bundle.path, kago.id];
    const resize = `(until test -e ${kago.bundle.rootfs}/up; do sleep 0.2; done; ` +
      "stty -F /dev/tty rows 44 cols 99) & ";
    const { code, stdout } = await inTerminal(resize + words.join(" "), { timeout: 90 });
    assertEquals(code, 0, stdout);
    assertStringIncludes(stdout, "back\r\n");
    assertStringIncludes(stdout, "44 99\r\n");
  });
});
