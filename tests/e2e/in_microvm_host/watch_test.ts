/**
 * Events of a guest's inotify(7) for changes made on the host in a volume that `krun.watch` names, with the real
 * libkrun.
 */
import { assertEquals } from "@std/assert";
import { compileC } from "../../harness/c_program.ts";
import { Kago } from "../../harness/kago.ts";
import { runOk } from "../../harness/run.ts";
import { until } from "../../harness/until.ts";

const TOOL = "/bin/watch_tool";

/** A filesystem that supports names in fanotify(7), as those on disks do. */
async function withVolume(use: (path: string) => Promise<void>): Promise<void> {
  const path = await Deno.makeTempDir({ prefix: "kago_watch_" });
  await runOk("mount", ["-t", "tmpfs", "tmpfs", path]);
  try {
    await use(path);
  } finally {
    await runOk("umount", [path]);
    await Deno.remove(path);
  }
}

Deno.test("a guest's inotify tells what the host changes in a watched volume, with what is there by then", async () => {
  const tool = await compileC(new URL("watch_tool.c", import.meta.url));
  await withVolume(async (volume) => {
    await Deno.writeTextFile(`${volume}/old`, "1");
    await Deno.mkdir(`${volume}/sub`);
    const options = {
      annotations: {
        "run.oci.handler": "krun",
        "krun.ram_mib": "256",
        "krun.cpus": "1",
        "krun.watch": "/data",
      },
      args: ["/bin/sh", "-c", `echo 1 > /data/own; ${TOOL} /data`],
      mounts: [{ destination: "/data", type: "bind", source: volume, options: ["rbind"] }],
    };
    await Kago.with(options, async (kago) => {
      await Deno.rename(tool, `${kago.bundle.rootfs}${TOOL}`);
      const created = await kago.create();
      assertEquals(created.code, 0, kago.output());
      assertEquals((await kago.runWith({ timeout: 240 }, "start", kago.id)).code, 0);
      await kago.says("watching\n");

      /** The guest's lines that follow a change, until `last` is one of them. */
      const after = async (change: () => Promise<unknown>, last: string) => {
        const before = kago.output().length;
        const lines = () => kago.output().slice(before).split("\n").filter(Boolean);
        const started = Date.now();
        await change();
        await until(() => `${last}, not ${lines()}`, () => lines().includes(last), 60);
        console.log(`${last}: after ${Date.now() - started} ms`);
        return lines();
      };
      const write = (name: string, text: string) => Deno.writeTextFile(`${volume}/${name}`, text);

      await after(() => write("old", "123"), "modify old 3");
      await after(() => write("new", "12345"), "modify new 5");
      // Editors write a new file, and rename it over the old one.
      await write("sub/next", "1234567");
      await after(() => Deno.rename(`${volume}/sub/next`, `${volume}/old`), "modify old 7");
      await after(() => Deno.remove(`${volume}/new`), "modify . 0");
      using log = await Deno.open(`${volume}/old`, { append: true });
      await after(() => log.write(new Uint8Array(3)), "attrib old 10");
      // For the guest's own changes only its kernel generates events, once.
      const script = "echo 22 > /data/own; sleep 2; echo end > /data/end";
      const own = await after(
        () => kago.run("exec", kago.id, "/bin/sh", "-c", script),
        "close_write end 4",
      );
      const events = own.filter((line) => line.includes(" own ")).map((line) => line.split(" ")[0]);
      // It is truncated, and written.
      assertEquals(events, ["modify", "modify", "close_write"]);
      await kago.run("kill", kago.id, "KILL");
    });
  });
});
