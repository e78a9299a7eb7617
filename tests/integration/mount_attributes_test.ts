/** Attributes of mounts, of the root and of masks, where sources and roots have some of their own. Needs root. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import type { JsonObject } from "../../scripts/sample/bundle.ts";
import { inside, KAGO, Kago } from "../harness/kago.ts";
import { runOk } from "../harness/run.ts";

const GREP = (path: string) => ["grep", ` ${path} `, "/proc/self/mountinfo"];
const tmpfs = (destination: string, ...options: string[]) => ({
  destination,
  type: "tmpfs",
  source: "tmpfs",
  options,
});

/** The options of the mount, the superblock's behind a slash. */
function optionsIn(line: string): string {
  const fields = line.trim().split(" ");
  return `${fields[5]} / ${fields.at(-1)}`;
}

async function withMounted(options: string, use: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  await Deno.chmod(folder, 0o755);
  await runOk("mount", ["-t", "tmpfs", "-o", options, "tmpfs", folder]);
  try {
    await use(folder);
  } finally {
    await runOk("umount", [folder]);
    await Deno.remove(folder);
  }
}

async function mounted(...mounts: JsonObject[]): Promise<string> {
  const line = await inside(`exec ${GREP("/data").map((word) => `'${word}'`).join(" ")}`, {
    mounts,
  });
  return optionsIn(line.trim().split("\n").at(-1)!);
}

Deno.test("a bind has its source's attributes, unless an option names one: then those of the options alone", async () => {
  await withMounted("ro,noexec,nosuid,noatime", async (source) => {
    const bound = async (...options: string[]) =>
      (await mounted({ destination: "/data", source, options: ["bind", ...options] })).split(
        " ",
      )[0];
    assertEquals(await bound(), "ro,nosuid,noexec,noatime");
    assertEquals(await bound("rprivate"), "ro,nosuid,noexec,noatime");
    assertEquals(await bound("rw"), "rw,noatime");
    assertEquals(await bound("ro"), "ro,noatime");
    assertEquals(await bound("nodev"), "rw,nodev,noatime");
    assertEquals(await bound("relatime"), "rw,relatime");
    // What holds for all mounts below is added to each.
    assertEquals(await bound("rnodev"), "ro,nosuid,nodev,noexec,noatime");
  });
});

Deno.test("a remount too says all attributes, and those of all mounts below", async () => {
  const remount = (...options: string[]) => ({
    destination: "/data",
    type: "tmpfs",
    source: "tmpfs",
    options: ["remount", ...options],
  });
  assertEquals(await mounted(tmpfs("/data", "nosuid"), remount("ro")), "ro,relatime / rw");
  assertEquals(
    await mounted(tmpfs("/data"), remount("rro", "rnoexec")),
    "ro,noexec,relatime / rw",
  );
});

Deno.test("rro and its kin are good for a new filesystem too", async () => {
  assertEquals(
    await mounted(tmpfs("/data", "rro", "rnosuid", "mode=700")),
    "ro,nosuid,relatime / rw,mode=700",
  );
});

Deno.test("root of a user namespace binds with the attributes that are locked, and cannot clear them", async () => {
  const namespaces = ["pid", "ipc", "uts", "mount"].map((type) => ({ type }));
  const annotations = { "run.oci.keep_original_groups": "1" };
  await withMounted("ro,nosuid", async (source) => {
    const run = async (option: string) => {
      const mounts = [
        { destination: "/proc", type: "proc", source: "proc" },
        { destination: "/data", source, options: ["bind", option] },
      ];
      const config = { mounts, linux: { namespaces, maskedPaths: [], readonlyPaths: [] } };
      let result = "";
      await Kago.with({ args: GREP("/data"), annotations, config }, async (kago) => {
        const words = `${KAGO} --root ${kago.root} run --bundle ${kago.bundle.path} ${kago.id}`;
        const command = new Deno.Command("unshare", {
          args: ["-U", "-r", "-m", "sh", "-c", words],
        });
        const { stdout, stderr } = await command.output();
        result = new TextDecoder().decode(stdout) || new TextDecoder().decode(stderr);
      });
      return result;
    };
    assertEquals(optionsIn(await run("noexec")).split(" ")[0], "ro,nosuid,noexec,relatime");
    assertStringIncludes(await run("suid"), "operation not permitted");
  });
});

Deno.test("a read-only root has no attribute of its filesystem's mount but that, as with the peers", async () => {
  await withMounted("noexec,nosuid", async (folder) => {
    await Kago.with({ args: GREP("/") }, async (kago) => {
      await runOk("cp", ["-a", kago.bundle.rootfs, `${folder}/root`]);
      for (const [readonly, code] of [[true, 0], [false, 1]] as const) {
        const root = { path: `${folder}/root`, readonly };
        const config = JSON.stringify({ ...kago.bundle.config, root });
        await Deno.writeTextFile(`${kago.bundle.path}/config.json`, config);
        const result = await kago.foreground();
        assertEquals(result.code, code, result.stderr);
        if (readonly) assertEquals(optionsIn(result.stdout.split("\n")[0]!), "ro,relatime / rw");
        // As runc: a root that can be written to is left as it is.
        else assertStringIncludes(result.stderr, "permission denied");
      }
    });
  });
});

Deno.test("a read-only path / turns the root read-only, be it a link of the image's", async () => {
  for (const path of ["/", "/./", "/link"]) {
    const config = { linux: { readonlyPaths: ["/proc/sys", path] } };
    const script = "touch /file 2>&1; cut -d' ' -f5 < /proc/self/mountinfo | grep -cx /";
    await Kago.with({ args: ["sh", "-c", script], config }, async (kago) => {
      await Deno.symlink("/", `${kago.bundle.rootfs}/link`);
      const { stdout } = await kago.foreground();
      assertStringIncludes(stdout, "Read-only file system");
      assertEquals(stdout.split("\n")[1], "1", "mounts of the root");
    });
  }
});

Deno.test("nothing is mounted over the root, nor where a link of the image's leads to it", async () => {
  const refused = [
    [{ mounts: [tmpfs("/")] }, 'mounts[0].destination: "/" is the container\'s root'],
    [
      { mounts: [tmpfs("/link")] },
      "mounts[0].destination: /link is or leads to the container's root",
    ],
    [
      { mounts: [{ destination: "/link/..", source: "/etc", options: ["rbind"] }] },
      'mounts[0].destination: "/" is the container\'s root',
    ],
    [{ linux: { maskedPaths: ["/link"] } }, "linux.maskedPaths[0]: /link is or leads to"],
    [{ linux: { maskedPaths: ["/"] } }, "linux.maskedPaths[0]: / is or leads to"],
  ] as const;
  for (const [config, says] of refused) {
    await Kago.with({ args: ["true"], config }, async (kago) => {
      await Deno.symlink("tmp/../..", `${kago.bundle.rootfs}/link`);
      const { code, stderr } = await kago.foreground();
      assertEquals(code, 1);
      assertStringIncludes(stderr, says.replaceAll('"', '\\"'));
    });
  }
});

Deno.test("masked folders share one filesystem, which is read-only, and what is mounted over one is over no other", async () => {
  const paths = Array.from({ length: 30 }, (_, n) => `/masked/${n}`);
  const capabilities = ["CAP_SYS_ADMIN"];
  const config = {
    process: {
      capabilities: { bounding: capabilities, effective: capabilities, permitted: capabilities },
    },
    linux: { maskedPaths: paths, rootfsPropagation: "shared" },
  };
  const script = `cut -d' ' -f3,5,6 < /proc/self/mountinfo | grep ' /masked/'
    mkdir /masked/3/new 2>&1; mount -t tmpfs over /masked/3; grep -c ' over ' /proc/self/mountinfo`;
  await Kago.with({ args: ["sh", "-c", script], config }, async (kago) => {
    for (const path of paths) {
      await Deno.mkdir(`${kago.bundle.rootfs}${path}/secret`, { recursive: true });
    }
    const { stdout } = await kago.foreground();
    const lines = stdout.trim().split("\n");
    const masks = lines.slice(0, paths.length).map((line) => line.split(" "));
    assertEquals(masks.map(([, path]) => path), paths);
    assertEquals(new Set(masks.map(([device]) => device)).size, 1);
    assertEquals(new Set(masks.map(([, , options]) => options!.split(",")[0])), new Set(["ro"]));
    assertStringIncludes(lines.at(-2)!, "Read-only file system");
    assertEquals(lines.at(-1), "1");
  });
});
