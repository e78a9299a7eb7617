/** Sockets that a service manager hands on, sd_listen_fds(3). Needs root. */
import { assertEquals } from "@std/assert";
import { KAGO, Kago } from "../harness/kago.ts";
import { run } from "../harness/run.ts";

async function output(environment: string, options: string): Promise<string> {
  const script =
    'echo "$LISTEN_FDS $LISTEN_PID"; for n in 3 4 5; do [ -e /proc/$$/fd/$n ] && cat <&$n; done; :';
  let text = "";
  await Kago.with({ args: ["sh", "-c", script] }, async (kago) => {
    for (const n of [3, 4, 5]) Deno.writeTextFileSync(`${kago.bundle.path}/${n}`, `${n}\n`);
    const files = [3, 4, 5].map((n) => `${n}<${kago.bundle.path}/${n}`).join(" ");
    const line =
      `${environment} exec ${KAGO} --root ${kago.root} run -b ${kago.bundle.path} ${options} ${kago.id} ${files}`;
    const { code, stdout, stderr } = await run("sh", ["-c", line]);
    assertEquals(code, 0, stderr);
    text = stdout;
  });
  return text;
}

Deno.test("run passes the sockets of LISTEN_FDS on, and tells the program so", async () => {
  assertEquals(await output("LISTEN_FDS=1 LISTEN_PID=$$", ""), "1 1\n3\n");
});

Deno.test("--preserve-fds counts from behind those of LISTEN_FDS", async () => {
  assertEquals(await output("LISTEN_FDS=1 LISTEN_PID=$$", "--preserve-fds 1"), "1 1\n3\n4\n");
});

Deno.test("run passes no sockets on that are meant for another process", async () => {
  assertEquals(await output("LISTEN_FDS=1 LISTEN_PID=1", ""), " \n");
});
