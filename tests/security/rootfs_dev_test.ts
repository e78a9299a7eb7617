/**
 * Images whose /dev is a link, or has links where the runtime makes nodes, the terminal and the console: CVE-2026-41579,
 * CVE-2026-47766, CVE-2026-88264, CVE-2026-88265, CVE-2025-52565.
 */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { attack, plantLink, PRECIOUS, rewriteConfig, type Scene, withoutMounts } from "./attack.ts";

const sh = (script: string) => ["/bin/sh", "-c", script];
const DEV_MOUNTS = ["/dev", "/dev/pts", "/dev/shm", "/dev/mqueue"];
const TO_HOST = "../../../../../..";

for (const target of ["/proc", "/", `${TO_HOST}/tmp`, "/proc/self/root/tmp", "/nowhere"]) {
  attack(
    `a link at /dev to ${target} is refused when /dev is mounted`,
    () => ({ args: sh("echo started") }),
    async ({ rootfs, run }) => {
      await plantLink(target, `${rootfs}/dev`);
      const { code, stdout, stderr } = await run();
      assertEquals([code, stdout], [1, ""]);
      assertMatch(stderr, /mounts\[1\]\.destination: \\"\/dev\\" is a link.*symbolic links/);
    },
  );
}

/** Without any mount at or below /dev, nodes are made in the image's own folder. */
async function runWithoutDev(scene: Scene) {
  await rewriteConfig(scene.kago, { mounts: withoutMounts(scene.kago, ...DEV_MOUNTS) });
  return scene.run();
}

attack(
  "a link at /dev to the host makes nodes and links inside, and none on the host",
  () => ({ args: sh("echo started") }),
  async (scene) => {
    const { rootfs, victim } = scene;
    await Deno.mkdir(`${rootfs}${victim.folder}`, { recursive: true });
    await plantLink(`${TO_HOST}${victim.folder}`, `${rootfs}/dev`);
    const { code, stderr } = await runWithoutDev(scene);
    assertEquals(code, 0, stderr);
    const names = [...Deno.readDirSync(`${rootfs}${victim.folder}`)].map(({ name }) => name);
    assertEquals(names.includes("null"), true);
  },
);

attack(
  "a link at /dev to /proc makes no node in a procfs",
  () => ({ args: sh("echo started") }),
  async (scene) => {
    await plantLink("/proc", `${scene.rootfs}/dev`);
    const { code, stdout, stderr } = await runWithoutDev(scene);
    assertEquals([code, stdout], [1, ""]);
    // In a VMM's empty folder there, no node can be opened.
    const problem = scene.kind === "microVM"
      ? "/dev/kvm: permission denied"
      : 'default devices: \\"/dev/null\\" cannot be created';
    assertStringIncludes(stderr, problem);
  },
);

for (const name of ["null", "zero", "full", "random", "urandom", "tty", "kvm"]) {
  const kinds = name === "kvm" ? ["microVM"] as const : undefined;
  attack(
    `a link or another file at /dev/${name} is refused, and what it names stays as it is`,
    () => ({ args: sh(`echo gone > /dev/${name}`) }),
    async (scene) => {
      const { rootfs, victim } = scene;
      const path = `${rootfs}/dev/${name}`;
      for (const target of [`${TO_HOST}${victim.file}`, "/etc/passwd", "/proc/sysrq-trigger"]) {
        await plantLink(target, path);
        const { code, stdout, stderr } = await runWithoutDev(scene);
        assertEquals([code, stdout], [1, ""], target);
        assertStringIncludes(stderr, `/dev/${name}\\" exists and is not this device`);
        assertStringIncludes(stderr, "exists");
      }
      await Deno.remove(path);
      await Deno.link(victim.file, path);
      const { code, stderr } = await runWithoutDev(scene);
      await Deno.remove(path);
      assertEquals(code, 1, stderr);
      assertEquals(await Deno.readTextFile(victim.file), PRECIOUS);
    },
    kinds,
  );
}

attack(
  "links at /dev/fd, /dev/stdin and /dev/ptmx are not written through",
  () => ({ args: sh("readlink /dev/ptmx") }),
  async (scene) => {
    const { rootfs, victim } = scene;
    for (const name of ["fd", "stdin", "stdout", "stderr", "core", "ptmx"]) {
      await plantLink(`${TO_HOST}${victim.folder}/new`, `${rootfs}/dev/${name}`);
    }
    const { code, stdout, stderr } = await runWithoutDev(scene);
    assertEquals([code, stdout], [0, "pts/ptmx\n"], stderr);
  },
);

/** `kago create` with a terminal, handed to a socket that takes it. */
async function createWithTerminal(scene: Scene, without: string[]) {
  const { kago } = scene;
  const process = { ...kago.bundle.config.process as Record<string, unknown>, terminal: true };
  await rewriteConfig(kago, { process, mounts: withoutMounts(kago, ...without) });
  const path = `${kago.bundle.path}/console.sock`;
  using _listener = Deno.listen({ transport: "unix", path });
  const output = `${kago.bundle.path}/output`;
  const options = ["--bundle", kago.bundle.path, "--console-socket", path, kago.id];
  const created = await kago.runWith({ output }, "create", ...options);
  await Deno.remove(path);
  return created;
}

// CVE-2026-88264
for (const target of [`${TO_HOST}/dev/null`, "/etc/passwd", "/dangling", "/proc/sys"]) {
  attack(
    `a console at a link to ${target} is refused`,
    () => ({ args: sh("sleep 100") }),
    async (scene) => {
      await plantLink(target, `${scene.rootfs}/dev/console`);
      await Deno.mkdir(`${scene.rootfs}/dev/pts`);
      const { code, stdout } = await createWithTerminal(scene, ["/dev", "/dev/shm", "/dev/mqueue"]);
      assertEquals(code, 1);
      assertMatch(stdout, /process\.terminal: no terminal can be opened.*symbolic links/);
      assertEquals(await exists(`${scene.rootfs}/dangling`), false);
    },
  );
}

// CVE-2025-52565: the slave's path is the image's when nothing is mounted there.
attack(
  "a terminal is never taken out of the image's own /dev/pts",
  () => ({ args: sh("sleep 100") }),
  async (scene) => {
    const { rootfs, victim } = scene;
    await Deno.mkdir(`${rootfs}/dev/pts`);
    for (const name of ["0", "1", "ptmx"]) {
      await Deno.symlink(`${TO_HOST}${victim.file}`, `${rootfs}/dev/pts/${name}`);
    }
    const links = await createWithTerminal(scene, DEV_MOUNTS);
    assertEquals(links.code, 1);
    assertStringIncludes(links.stdout, "process.terminal: no terminal can be opened");
    // A node of a driver that must not even be opened.
    await Deno.remove(`${rootfs}/dev/pts/ptmx`);
    await new Deno.Command("mknod", { args: [`${rootfs}/dev/pts/ptmx`, "c", "5", "2"] }).output();
    const node = await createWithTerminal(scene, DEV_MOUNTS);
    assertEquals(node.code, 1);
    assertStringIncludes(node.stdout, "process.terminal: no terminal can be opened");
  },
);

async function exists(path: string): Promise<boolean> {
  try {
    await Deno.lstat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
