/** A microVM's console on its caller's terminal, against the real libkrun. Runs inside the emulated host. */
import { assertEquals, assertMatch } from "@std/assert";
import { KAGO, Kago } from "../../harness/kago.ts";
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
    assertMatch(stdout, /\/dev\/console\r?$/m);
    assertMatch(stdout, /33 77\r?$/m);
    assertMatch(stdout, /got typed\r?$/m);
    assertEquals(code, 3);
  });
});
