/**
 * Which kernel filesystems of the host a guest's root finds below its own filesystems, with the real libkrun. The
 * guest's files are served from the VMM's mounts, and /proc/1/mem there was once the VMM's memory. Runs inside the
 * emulated host.
 */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { kernelMountsOf } from "../../harness/kernel_mounts.ts";
import { Kago } from "../../harness/kago.ts";
import { UNRESTRICTED } from "../../harness/unrestricted.ts";

const KRUN = { "run.oci.handler": "krun", "krun.ram_mib": "256" };

/**
 * Unmounts the guest kernel's filesystems, and prints what is below, and what of it is writable. Without escapes, which
 * libkrun's own guest init does not parse.
 */
const DIG = [
  "for i in 1 2 3; do umount -l /proc/sys /proc /sys/fs/cgroup /sys /dev/mqueue 2>/dev/null; done",
  "echo proc: $(ls -A /proc) sys: $(ls -A /sys) self: $(ls -A /proc/self)",
  "for f in 1/mem self/mem self/fd/../mem self/map_files sysrq-trigger sys/kernel/core_pattern new; do" +
  " (echo x >/proc/$f) 2>/dev/null && echo wrote $f; ls -d /proc/$f 2>/dev/null; done",
  "mount -o remount,rw /proc 2>/dev/null",
  "mkdir /proc/made /sys/made 2>/dev/null && echo made",
  "echo dug; exec sleep 1000",
].join("; ");

for (const agent of ["1", "0"]) {
  Deno.test(`below its mounts root of a guest finds no procfs to write (krun.agent=${agent})`, async () => {
    const options = {
      annotations: { ...KRUN, "krun.agent": agent },
      args: ["/bin/sh", "-c", DIG],
      config: UNRESTRICTED,
    };
    await Kago.with(options, async (kago) => {
      const created = await kago.create();
      assertEquals(created.code, 0, created.stdout);
      assertEquals((await kago.run("start", kago.id)).code, 0);
      await kago.says("dug");
      const output = kago.output().replaceAll("\r", "");
      assertStringIncludes(output, "proc: ");
      assertEquals(output.slice(output.indexOf("proc: ")), "proc: self sys: self: fd\ndug\n");
      const mounts = kernelMountsOf((await kago.state()).pid as number);
      assertEquals(mounts.map(({ path, readonly }) => [path, readonly]), [["/proc/self/fd", true]]);
    });
  });
}
