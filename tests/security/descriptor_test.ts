/**
 * Ways to the host that a runtime leaves open in its own process: its executable, inherited descriptors, its working
 * directory.
 */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { KAGO } from "../harness/kago.ts";
import { run } from "../harness/run.ts";
import { attack, plantLink, type Scene } from "./attack.ts";

const sh = (script: string) => ["/bin/sh", "-c", script];

/** `kago run` by a caller that leaks a descriptor of the host's root, number 7, as CVE-2024-21626 did. */
function runLeaking({ kago }: Scene, ...options: string[]) {
  const words = [KAGO, "--root", kago.root, ...kago.globals, "run", "--bundle", kago.bundle.path];
  return run("sh", ["-c", 'exec 7</; exec "$@"', "sh", ...words, ...options, kago.id]);
}

// CVE-2024-21626
for (const cwd of ["/proc/self/fd/7", "/proc/self/fd/7/tmp", "/proc/1/fd/7", "/link"]) {
  attack(
    `a working directory of ${cwd} does not lead to a leaked folder`,
    () => ({ args: sh("pwd; ls -d ../../etc/passwd; ls ..; cat file"), cwd }),
    async (scene) => {
      await plantLink("/proc/self/fd/7/tmp", `${scene.rootfs}/link`);
      const { code, stdout, stderr } = await runLeaking(scene);
      assertEquals([code, stdout], [1, ""]);
      assertMatch(stderr, /process\.cwd: \\".*\(E[A-Z]+\)/);
    },
  );
}

for (const fd of [3, 4, 5, 6, 8, 9, 10, 11, 12]) {
  attack(
    `a working directory of /proc/self/fd/${fd} is no folder of the host`,
    () => ({
      args: sh("test -e bin/busybox -o ! -e etc/hostname || echo host"),
      cwd: `/proc/self/fd/${fd}`,
    }),
    async (scene) => {
      const { stdout } = await scene.run();
      assertEquals(stdout, "");
    },
    ["process"],
  );
}

attack(
  "a leaked descriptor is closed in the container",
  () => ({
    args: sh(
      "for fd in /proc/self/fd/*; do readlink $fd; ls -A $fd/; test ! -e $fd/etc/hostname || echo host; done; " +
        "ls /proc/self/fd/7",
    ),
  }),
  async (scene) => {
    const { stdout } = await runLeaking(scene);
    const names = stdout.split("\n");
    assertEquals(names.includes("host"), false, stdout);
    // A VMM has the empty folder that is its guest's own.
    const folders = names.filter((name) => name === "/").length;
    assertEquals(folders <= (scene.kind === "microVM" ? 1 : 0), true, stdout);
    assertEquals(names.some((name) => ["bin", "boot", "usr"].includes(name)), false, stdout);
    assertEquals(names.some((name) => name.startsWith("/root") || name.startsWith("/home")), false);
  },
);

attack(
  "a program or interpreter behind a leaked descriptor is not run",
  () => ({ args: ["/proc/self/fd/7/bin/busybox", "echo", "host"] }),
  async (scene) => {
    const direct = await runLeaking(scene);
    assertEquals(direct.stdout, "");
    const script = `${scene.rootfs}/bin/script`;
    await Deno.writeTextFile(script, "#!/proc/self/fd/7/bin/busybox tail\n");
    await Deno.chmod(script, 0o755);
    const { config } = scene.kago.bundle;
    const process = { ...config.process as Record<string, unknown>, args: ["/bin/script"] };
    const text = JSON.stringify({ ...config, process });
    await Deno.writeTextFile(`${scene.kago.bundle.path}/config.json`, text);
    const interpreted = await runLeaking(scene);
    assertEquals(interpreted.stdout, "");
  },
  ["process"],
);

// CVE-2019-5736
attack(
  "what /proc/self/exe names to a container is not the runtime, and cannot be written",
  () => ({ args: ["/proc/self/exe", "--version"] }),
  async ({ run }) => {
    const before = await Deno.stat(KAGO);
    const { stdout } = await run();
    assertEquals(stdout, "");
    assertEquals((await Deno.stat(KAGO)).mtime, before.mtime);
  },
  ["process"],
);

attack(
  "a neighbour in the same pid namespace cannot write the executable of a waiting Init",
  () => ({ args: sh("sleep 100") }),
  async ({ kind, kago }) => {
    const output = `${kago.bundle.path}/output`;
    const options = ["--bundle", kago.bundle.path, kago.id];
    const created = await kago.runWith({ output }, "create", ...options);
    assertEquals(created.code, 0, created.stdout);
    const { pid } = await kago.state();
    // Through the container's own mounts, as root with all capabilities: what a neighbour has at most.
    const script = `exec 9>/proc/1/exe || exec 9>>/proc/1/exe && echo written`;
    const args = ["-t", `${pid}`, "-p", "-m", "/bin/sh", "-c", `mount -t proc p /proc; ${script}`];
    const { stdout, stderr } = await run("nsenter", args);
    assertEquals(stdout, "");
    assertMatch(stderr, /Text file busy|Read-only file system|Operation not permitted/);
    const exe = Deno.readLinkSync(`/proc/${pid}/exe`);
    if (kind === "process") assertStringIncludes(exe, "memfd:");
  },
);
