/** Kinds of mounts that take more than one system call: overlays of many layers, copies, mounts near /proc. Needs root. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { type JsonObject, makeBundle, removeBundle } from "../../scripts/sample/bundle.ts";
import { inside, KAGO, Kago } from "../harness/kago.ts";
import { runOk } from "../harness/run.ts";

/** A tmpfs, of which an overlay can be made, with `count` layers of long names, each with a file. */
async function withLayers(
  count: number,
  length: number,
  use: (folder: string, layers: readonly string[]) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  await runOk("mount", ["-t", "tmpfs", "tmpfs", folder]);
  try {
    const layers = Array.from(
      { length: count },
      (_, n) => `${folder}/${`${n}-`.padEnd(length, "x")}`,
    );
    for (const [index, layer] of layers.entries()) {
      await Deno.mkdir(layer);
      await Deno.writeTextFile(`${layer}/file${index}`, "");
    }
    for (const name of ["upper", "work"]) await Deno.mkdir(`${folder}/${name}`);
    await use(folder, layers);
  } finally {
    await runOk("umount", [folder]);
    await Deno.remove(folder);
  }
}

for (const [count, length] of [[10, 100], [60, 100]] as const) {
  Deno.test(`an overlay has ${count} lower layers of ${length} letters and more`, async () => {
    await withLayers(count, length, async (folder, layers) => {
      const mount = {
        destination: "/merged",
        type: "overlay",
        source: "overlay",
        options: [
          `lowerdir=${layers.join(":")}`,
          `upperdir=${folder}/upper`,
          `workdir=${folder}/work`,
          "nodev",
        ],
      };
      const script =
        "ls /merged | wc -l; echo x > /merged/new; grep ' /merged ' /proc/self/mountinfo; pwd";
      const output = await inside(script, { mounts: [mount] });
      const [files, line, cwd] = output.trim().split("\n");
      assertEquals(files, `${count}`);
      assertStringIncludes(line!, "rw,nodev");
      assertEquals(cwd, "/");
      assertEquals(await Deno.readTextFile(`${folder}/upper/new`), "x\n");
      // The tmpfs that it was made in is gone.
      assertEquals(
        (await inside("grep -c ' /merged ' /proc/self/mountinfo", { mounts: [mount] })).trim(),
        "1",
      );
    });
  });
}

Deno.test("more layers than any system call takes are refused, and nothing is left", async () => {
  await withLayers(60, 200, async (folder, layers) => {
    const options = [
      `lowerdir=${layers.join(":")}`,
      `upperdir=${`${folder}/`.padEnd(300, "/")}upper`,
    ];
    const mount = { destination: "/merged", type: "overlay", source: "overlay", options };
    await Kago.with({ args: ["true"], mounts: [mount] }, async (kago) => {
      const { code, stderr } = await kago.foreground();
      assertEquals(code, 1);
      assertStringIncludes(stderr, "argument list too long");
    });
  });
});

Deno.test("nothing is mounted in a procfs that a link of the image leads to, nor what is no procfs on /proc", async () => {
  const tmpfs = { type: "tmpfs", source: "tmpfs" };
  const refusals = [
    [{ ...tmpfs, destination: "/linked" }, "/linked leads into a procfs"],
    [{ destination: "/linked", source: "/etc", options: ["bind"] }, "/linked leads into a procfs"],
    [
      { destination: "/proc", source: "/etc", options: ["bind"] },
      "accepts only a mount of type proc",
    ],
    [{ ...tmpfs, destination: "/proc/self" }, "is inside /proc"],
  ] as const;
  for (const [mount, says] of refusals) {
    await Kago.with({ args: ["true"], mounts: [mount] }, async (kago) => {
      await Deno.symlink("/proc/sys", `${kago.bundle.rootfs}/linked`);
      const { code, stderr } = await kago.foreground();
      assertEquals(code, 1, stderr);
      assertStringIncludes(stderr, ".destination: ");
      assertStringIncludes(stderr, says);
    });
  }
  const bound = [
    { destination: "/proc", source: "/proc", options: ["rbind"] },
    { destination: "/proc/uptime", source: "/etc/hostname", options: ["bind", "ro"] },
  ];
  const hostname = await Deno.readTextFile("/etc/hostname");
  assertEquals(await inside("cat /proc/uptime", { mounts: bound }), hostname);
});

Deno.test("a tmpfs without a mode has that of the folder it covers, one over nothing its own", async () => {
  const tmpfs = (destination: string, ...options: string[]) => ({
    destination,
    type: "tmpfs",
    source: "tmpfs",
    options,
  });
  const mounts = [
    tmpfs("/covered", "nosuid"),
    tmpfs("/readonly", "ro"),
    // More than fsconfig(2) takes.
    { ...tmpfs("/long", "nosuid"), source: "s".repeat(300) },
    tmpfs("/new"),
  ];
  const bundle = await makeBundle({
    // runc of before 1.2 gives this one the folder's mode all the same.
    mounts: [...mounts, tmpfs("/said", "mode=700,size=1m")],
    args: ["stat", "-c", "%a", "/covered", "/readonly", "/long", "/new", "/said"],
  });
  try {
    for (const name of ["covered", "readonly", "long", "said"]) {
      await Deno.mkdir(`${bundle.rootfs}/${name}`);
      await Deno.chmod(`${bundle.rootfs}/${name}`, 0o2710);
    }
    const modes = [];
    for (const program of [KAGO, "runc"]) {
      const id = `tmpfs-${crypto.randomUUID()}`;
      const output = await runOk(program, ["run", "--bundle", bundle.path, id]);
      modes.push(output.split("\n").slice(0, program === KAGO ? 5 : 4));
      await Deno.remove(`${bundle.rootfs}/new`);
    }
    const taken = ["2710", "2710", "2710"];
    assertEquals(modes, [[...taken, "1777", "700"], [...taken, "1777"]]);
  } finally {
    await removeBundle(bundle);
  }
});

Deno.test("with a user namespace too a bind's source may lie in an earlier mount of the container", async () => {
  const source = await Deno.makeTempDir();
  const mapping = [{ containerID: 0, hostID: 100000, size: 65536 }];
  const namespaces = ["pid", "ipc", "uts", "mount", "network", "user"].map((type) => ({ type }));
  const config = { linux: { namespaces, uidMappings: mapping, gidMappings: mapping } };
  const bundle = await makeBundle({ args: ["cat", "/final/file"], config });
  try {
    await Deno.chmod(source, 0o755);
    // Its root may not make them in the host's root's folder.
    for (const name of ["mnt", "final"]) {
      await Deno.mkdir(`${bundle.rootfs}/${name}`, { recursive: true });
    }
    await Deno.mkdir(`${source}/x`);
    await Deno.writeTextFile(`${source}/x/file`, "hello\n");
    const bind = (destination: string, source: string) => ({
      destination,
      type: "bind",
      source,
      options: ["bind"],
    });
    const mounts = [
      ...(bundle.config.mounts as JsonObject[]).filter(({ type }) => type !== "cgroup"),
      bind("/mnt", source),
      bind("/final", `${bundle.rootfs}/mnt/x`),
    ];
    await Deno.writeTextFile(
      `${bundle.path}/config.json`,
      JSON.stringify({ ...bundle.config, mounts }),
    );
    const id = `bind-${crypto.randomUUID()}`;
    assertEquals(await runOk(KAGO, ["run", "--bundle", bundle.path, id]), "hello\n");
  } finally {
    await removeBundle(bundle);
    await Deno.remove(source, { recursive: true });
  }
});

Deno.test("tmpcopyup keeps the mode and the owner that its options name", async () => {
  const copied = (destination: string, ...options: string[]) => ({
    destination,
    type: "tmpfs",
    source: "tmpfs",
    options: ["tmpcopyup", ...options],
  });
  const mounts = [copied("/etc", "mode=1777", "uid=5", "gid=6"), copied("/bin", "gid=7")];
  const output = await inside("stat -c '%a %u %g' /etc /bin", { mounts });
  assertEquals(output, "1777 5 6\n755 0 7\n");
});

Deno.test("tmpcopyup copies an image's device only where the image's mount lets it be used", async () => {
  for (const [options, found] of [["dev", "1"], ["nodev", "0"]] as const) {
    const folder = await Deno.makeTempDir();
    await runOk("mount", ["-t", "tmpfs", "-o", options, "tmpfs", folder]);
    try {
      await runOk("mknod", [`${folder}/null`, "c", "1", "3"]);
      await runOk("mkfifo", [`${folder}/fifo`]);
      const mounts = [
        { destination: "/copied", source: folder, options: ["bind"] },
        { destination: "/copied", type: "tmpfs", source: "tmpfs", options: ["tmpcopyup"] },
      ];
      const script = "find /copied -type c | wc -l; find /copied -type p | wc -l";
      assertEquals((await inside(script, { mounts })).split("\n").slice(0, 2), [found, "1"]);
    } finally {
      await runOk("umount", [folder]);
      await Deno.remove(folder);
    }
  }
});
