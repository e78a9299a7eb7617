/**
 * A microVM with the real libkrun where install.sh of the air-gapped bundle puts it; the dynamic linker does not look
 * there.
 */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { KAGO, Kago } from "../../harness/kago.ts";
import { run, runOk } from "../../harness/run.ts";

const KRUN = { "run.oci.handler": "krun", "krun.ram_mib": "256" };

const INSTALL = new URL("../../../scripts/install.sh", import.meta.url).pathname;

/**
 * The emulated host's directory of them, in the order in which they are loaded; the first two are libraries that
 * libkrun needs.
 */
const FOLDER = "/usr/lib/x86_64-linux-gnu";
const LIBRARIES = {
  "libcap-ng.so.0": "needed/01-libcap-ng.so.0",
  "libgcc_s.so.1": "needed/02-libgcc_s.so.1",
  "libkrun.so.1": "libkrun.so.1",
  "libkrunfw.so.5": "libkrunfw.so.5",
} as const;

/** Hidden from the linker; kago itself loads its libgcc_s from there. */
const HIDDEN = ["libcap-ng.so.0", "libkrun.so.1", "libkrunfw.so.5"] as const;

/** A machine's root below `folder` with kago and the libraries installed. */
async function installInto(folder: string): Promise<string> {
  const stick = `${folder}/stick`;
  await Deno.mkdir(`${stick}/lib/kago/needed`, { recursive: true });
  for (const [name, place] of Object.entries(LIBRARIES)) {
    await Deno.copyFile(`${FOLDER}/${name}`, `${stick}/lib/kago/${place}`);
  }
  await Deno.copyFile(INSTALL, `${stick}/install.sh`);
  await Deno.symlink(KAGO, `${stick}/kago`);
  await Deno.mkdir(`${folder}/root`);
  await runOk("sh", [`${stick}/install.sh`, "--root", `${folder}/root`]);
  return `${folder}/root/usr/local`;
}

Deno.test("a microVM runs by the libkrun that came with kago, which the dynamic linker does not know", async () => {
  const args = ["/bin/sh", "-c", "echo from the guest; exit 7"];
  await Kago.with({ args, annotations: KRUN }, async (kago) => {
    const local = await installInto(kago.bundle.path);
    const hide = HIDDEN.map((name) => `mount --bind /dev/null ${FOLDER}/${name}`);
    const script = [...hide, 'mount --bind "$0" /usr/local', 'exec /usr/local/bin/kago "$@"'];
    const inHost = (...words: string[]) =>
      run("unshare", ["--mount", "sh", "-c", script.join(" && "), local, ...words], {
        timeout: 90,
      });
    assertStringIncludes((await inHost("doctor")).stdout, "/usr/local/lib/kago/libkrun.so.1");
    const words = ["--root", kago.root, "run", "--bundle", kago.bundle.path, kago.id];
    const { code, stdout, stderr } = await inHost(...words);
    assertEquals([code, stdout], [7, "from the guest\n"], stderr);
  });
});
