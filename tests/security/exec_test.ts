/** What `exec` has been attacked with in other runtimes. Needs root. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { BundleOptions } from "../../scripts/sample/bundle.ts";
import { KAGO, Kago } from "../harness/kago.ts";
import { run } from "../harness/run.ts";

async function withRunning(options: BundleOptions, use: (kago: Kago) => Promise<void>) {
  await Kago.with(options, async (kago) => {
    const created = await kago.create();
    assertEquals(created.code, 0, created.stdout);
    assertEquals((await kago.run("start", kago.id)).code, 0);
    await use(kago);
  });
}

const SLEEP: BundleOptions = { args: ["sleep", "1000"] };

Deno.test("exec --user never makes another user of half a number (CVE-2026-30892)", async () => {
  await withRunning(SLEEP, async (kago) => {
    for (const user of ["1abc", " 1", "1 ", "0x0", "1:0x", "00", "-0", "+0", "4294967295"]) {
      const { code, stdout } = await kago.run("exec", "--user", user, kago.id, "id");
      assertEquals([code, stdout], [255, ""], JSON.stringify(user));
    }
  });
});

Deno.test("exec reads users below the root alone, and waits for no FIFO", async () => {
  await withRunning(SLEEP, async (kago) => {
    const passwd = `${kago.bundle.rootfs}/etc/passwd`;
    const secret = `${kago.bundle.path}/passwd`;
    Deno.writeTextFileSync(secret, "outside:x:7:7::/:\n");
    Deno.removeSync(passwd);
    Deno.symlinkSync(secret, passwd);
    const linked = await kago.run("exec", "--user", "outside", kago.id, "id");
    assertEquals(linked.code, 255);
    assertStringIncludes(linked.stderr, "has no");
    Deno.removeSync(passwd);
    await run("mkfifo", [passwd]);
    const fifo = await kago.runWith({ timeout: 20 }, "exec", "--user", "outside", kago.id, "id");
    assertEquals(fifo.code, 255);
  });
});

Deno.test("a leaked descriptor of the host leads exec's program nowhere (CVE-2024-21626)", async () => {
  await withRunning(SLEEP, async (kago) => {
    const inside = (await kago.run("exec", kago.id, "ls", "-a", "/")).stdout;
    for (const n of [3, 5, 7, 9, 20]) {
      const command = `exec ${KAGO} --root ${kago.root} exec --cwd /proc/self/fd/${n} ${kago.id} ` +
        `sh -c 'ls -a ../../..' ${n}</`;
      const { code, stdout } = await run("sh", ["-c", command]);
      // The number may be the container's own root by now, which is nowhere else.
      assertEquals(stdout, code === 255 ? "" : inside, `descriptor ${n}`);
    }
    const script = "for n in 3 4 5 6 7 8 9 25 26; do [ -e /proc/$$/fd/$n ] && echo $n; done; :";
    const list = `exec ${KAGO} --root ${kago.root} exec ${kago.id} sh -c '${script}' 9</ 26</`;
    assertEquals((await run("sh", ["-c", list])).stdout, "");
  });
});

/** Looks at every process of kago's that it sees, until it is the program: that has neither sockets nor memory files. */
const SPY = `while :; do for p in /proc/[0-9]*; do
  read name < $p/comm || continue
  case $name in kago*)
    echo >> /tmp/seen
    for f in $p/fd/* $p/exe; do readlink $f; done | grep -E 'memfd|socket';;
  esac
done; done 2>/dev/null`;

Deno.test("the container sees nothing of exec's stages before they are its own (CVE-2016-9962)", async () => {
  await withRunning({ args: ["sh", "-c", SPY] }, async (kago) => {
    const seen = `${kago.bundle.rootfs}/tmp/seen`;
    for (let i = 0; i < 30; i++) {
      assertEquals((await kago.run("exec", kago.id, "true")).code, 0);
    }
    assert(Deno.statSync(seen).size > 0, "the container looked at no stage");
    assertEquals(kago.output(), "");
  });
});

Deno.test("exec --cap leaves the inheritable set empty (CVE-2022-29162)", async () => {
  await withRunning(SLEEP, async (kago) => {
    const { stdout } = await kago.run(
      ...["exec", "--cap", "CAP_CHOWN", kago.id, "grep", "CapInh", "/proc/self/status"],
    );
    assertEquals(stdout, "CapInh:\t0000000000000000\n");
  });
});
