/** Sockets that a service manager hands on, sd_listen_fds(3). Needs root. */
import { assertEquals, assertStringIncludes } from "@std/assert";
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

Deno.test("run passes no sockets on without LISTEN_PID, and says so", async () => {
  await Kago.with(
    { args: ["sh", "-c", "echo $LISTEN_FDS; test -e /proc/self/fd/3"] },
    async (kago) => {
      const words = ["run", "-b", kago.bundle.path, kago.id];
      const { stdout, stderr } = await kago.runWith({ env: { LISTEN_FDS: "1" } }, ...words);
      assertEquals(stdout, "\n");
      assertStringIncludes(stderr, "LISTEN_FDS is set without LISTEN_PID");
    },
  );
});

Deno.test("--preserve-fds refuses a descriptor that is not open, and what kago has opened itself", async () => {
  await Kago.with({ args: ["true"] }, async (kago) => {
    for (const [verb, code] of [["run", 1], ["create", 1], ["exec", 255]] as const) {
      const words = verb === "exec" ? `${kago.id} id` : `-b ${kago.bundle.path} ${kago.id}`;
      const line = `exec ${KAGO} --root ${kago.root} ${verb} --preserve-fds 3 ${words} 3<&0 4<&0`;
      const result = await run("sh", ["-c", line]);
      assertEquals(result.code, code, verb);
      assertStringIncludes(
        result.stderr,
        "option --preserve-fds: 3 descriptors from 3 on are to be passed on, but 5 is not open",
      );
    }
    assertEquals([...Deno.readDirSync(kago.root)], []);
  });
});
