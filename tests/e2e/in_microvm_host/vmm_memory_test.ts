/**
 * A microVM's memory on the host, compared with the same guest under libkrun alone (bare_vm.c). Runs inside the
 * emulated host.
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { type Memory, memoryOf } from "../../../scripts/bench/memory.ts";
import { type Bundle, makeBundle, removeBundle } from "../../../scripts/sample/bundle.ts";
import { Kago } from "../../harness/kago.ts";
import { runOk } from "../../harness/run.ts";

/** KiB. */
const MOST_ABOVE = 30 * 1024;

const KRUN = { "run.oci.handler": "krun", "krun.cpus": "1", "krun.ram_mib": "256" };
const SLEEPER = ["/bin/sh", "-c", "echo up; exec sleep 1000"];

/** A guest continues to touch memory for a moment after its first line. */
async function settled(pid: number): Promise<Memory> {
  for (let last = memoryOf(pid);;) {
    await new Promise((resolve) => setTimeout(resolve, 3000));
    const now = memoryOf(pid);
    if (Math.abs(now.rss - last.rss) < 256) return now;
    last = now;
  }
}

async function bareGuest({ path, rootfs }: Bundle): Promise<Memory> {
  const program = `${path}/bare_vm`;
  const source = new URL("bare_vm.c", import.meta.url).pathname;
  await runOk("cc", ["-O2", "-w", "-o", program, source]);
  const child = new Deno.Command(program, {
    args: [rootfs, ...SLEEPER],
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const reader = child.stdout.getReader();
  try {
    assertEquals(new TextDecoder().decode((await reader.read()).value).trim(), "up");
    return await settled(child.pid);
  } finally {
    child.kill("SIGKILL");
    await reader.cancel();
    await child.status;
  }
}

async function kagosGuest(kago: Kago): Promise<Memory> {
  const { code, stdout } = await kago.create();
  assertEquals(code, 0, stdout);
  assertEquals((await kago.run("start", kago.id)).code, 0);
  await kago.says("up");
  assertMatch(kago.output(), /^up/m);
  return await settled((await kago.state()).pid as number);
}

Deno.test("the VMM of a sleeping guest takes at most 30 MiB more than libkrun alone", async () => {
  const bundle = await makeBundle();
  const bare = await bareGuest(bundle).finally(() => removeBundle(bundle));
  await Kago.with({ annotations: KRUN, args: SLEEPER }, async (kago) => {
    const own = await kagosGuest(kago);
    const figures = JSON.stringify({ bare, own });
    assert(bare.rss > 20 * 1024 && own.rss > 20 * 1024, figures);
    assert(own.rss - bare.rss <= MOST_ABOVE, figures);
    assert(own.pss - bare.pss <= MOST_ABOVE, figures);
  });
});

Deno.test("nothing of V8 is in a VMM", async () => {
  await Kago.with({ annotations: KRUN, args: SLEEPER }, async (kago) => {
    const { code, stdout } = await kago.create();
    assertEquals(code, 0, stdout);
    const { pid } = await kago.state();
    const maps = Deno.readTextFileSync(`/proc/${pid}/maps`);
    const files = new Set(maps.split("\n").map((line) => line.split(/\s+/)[5]).filter(Boolean));
    assertMatch([...files].join("\n"), /libkrun\.so/);
    const big = [...files].filter((file) =>
      /kago|deno/.test(file!) && !file!.startsWith("/memfd:")
    );
    assertEquals(big, []);
  });
});
