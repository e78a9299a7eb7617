/** The DAX window that `.krun_vm.json` configures, with the real libkrun. Runs inside the emulated host. */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { Kago } from "../../harness/kago.ts";

const KRUN = { "run.oci.handler": "krun", "krun.ram_mib": "256" };
const SCRIPT = "grep '^kago / ' /proc/mounts; cat /given; echo from the guest > /made; " +
  "dd if=/large of=/dev/null bs=1M 2>/dev/null && grep ^Cached: /proc/meminfo";

/** The guest's output, with a file of 16 MiB in its root, and the contents of the file that it has made. */
async function guestWith(vmFile?: string): Promise<[said: string, made: string]> {
  let outcome: [string, string] = ["", ""];
  await Kago.with({ annotations: KRUN, args: ["/bin/sh", "-c", SCRIPT] }, async (kago) => {
    const { path, rootfs } = kago.bundle;
    await Deno.writeTextFile(`${rootfs}/given`, "from the host\n");
    await Deno.writeFile(`${rootfs}/large`, new Uint8Array(16 << 20));
    if (vmFile) await Deno.writeTextFile(`${rootfs}/.krun_vm.json`, vmFile);
    const { code, stdout, stderr } = await kago.runWith(
      { timeout: 180 },
      ...["run", "-b", path, kago.id],
    );
    assertEquals([code, stderr], [0, ""]);
    outcome = [stdout, await Deno.readTextFile(`${rootfs}/made`)];
  });
  return outcome;
}

function cachedKib(said: string): number {
  return Number(/^Cached: +(\d+) kB/m.exec(said)![1]);
}

Deno.test("with a window the guest's root is mounted with DAX, and its files are not in the guest's memory a second time", async () => {
  const [said, made] = await guestWith('{"virtiofs_shm_size":67108864}');
  assertMatch(said, /^kago \/ virtiofs \S*dax=always/m);
  assertStringIncludes(said, "\nfrom the host\n");
  assertEquals(made, "from the guest\n");
  assertEquals(cachedKib(said) < 16 * 1024, true, said);
});

Deno.test("without a window, or with one of no bytes, the guest's root has no DAX", async () => {
  for (const vmFile of [undefined, '{"virtiofs_shm_size":0}']) {
    const [said, made] = await guestWith(vmFile);
    assertMatch(said, /^kago \/ virtiofs rw,relatime 0 0$/m);
    assertEquals(made, "from the guest\n");
    assertEquals(cachedKib(said) >= 16 * 1024, true, said);
  }
});
