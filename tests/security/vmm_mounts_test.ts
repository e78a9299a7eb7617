/**
 * A guest is served out of its VMM's mount namespace, so what lies there of the host's kernel is the guest's root's to use: its
 * /proc/1/mem was the VMM's memory. libkrun is a double here; tests/e2e tries it from inside a guest. Needs root.
 */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import type { JsonObject } from "../../scripts/sample/bundle.ts";
import { kernelMountsOf } from "../harness/kernel_mounts.ts";
import { KAGO } from "../harness/kago.ts";
import { runOk } from "../harness/run.ts";
import { inTerminal } from "../harness/terminal.ts";
import { UNRESTRICTED } from "../harness/unrestricted.ts";
import { attack, rewriteConfig, type Scene, withoutMounts } from "./attack.ts";

/** What the VMM has of the kernel's filesystems; it is complete before `start`. */
async function vmmMounts({ kago }: Scene, start = true): Promise<(string | boolean)[][]> {
  const output = `${kago.bundle.path}/output`;
  const words = ["create", "--bundle", kago.bundle.path, kago.id];
  const created = await kago.runWith({ output }, ...words);
  assertEquals(created.code, 0, created.stdout);
  if (start) {
    const started = await kago.run("start", kago.id);
    assertEquals(started.code, 0, started.stderr);
  }
  const pid = (await kago.state()).pid as number;
  return kernelMountsOf(pid).map(({ path, root, type, readonly }) => [
    path,
    type,
    root.replace(`/${pid}/`, "/VMM/"),
    readonly,
  ]);
}

const OWN = ["/proc/self/fd", "proc", "/VMM/fd", true];
const SLEEP = { args: ["/bin/sleep", "100"] };

const bind = (source: string, destination: string, ...options: string[]): JsonObject => (
  { destination, type: "bind", source, options: ["rbind", ...options] }
);

for (const agent of ["1", "0"]) {
  attack(
    `a VMM sees its own descriptors, read-only, and nothing more of the host's kernel (krun.agent=${agent})`,
    () => ({
      ...SLEEP,
      annotations: { "krun.agent": agent },
      ...(agent === "0" ? { config: UNRESTRICTED } : {}),
    }),
    async (scene) => assertEquals(await vmmMounts(scene), [OWN]),
    ["microVM"],
  );
}

attack(
  "a user namespace's VMM sees no more of the kernel than another's",
  () => ({
    ...SLEEP,
    config: {
      linux: {
        namespaces: ["pid", "network", "ipc", "uts", "mount", "user"].map((type) => ({ type })),
        uidMappings: [{ containerID: 0, hostID: 100000, size: 65536 }],
        gidMappings: [{ containerID: 0, hostID: 100000, size: 65536 }],
      },
    },
  }),
  async (scene) => {
    await runOk("chown", ["-R", "100000:100000", scene.rootfs]);
    // The host's /dev/kvm is shut to its user. Its devices are the host's, bound one by one.
    const mounts = await vmmMounts(scene, false);
    assertEquals(mounts.filter(([, type]) => type !== "devtmpfs"), [OWN]);
    assertEquals(mounts.filter(([, , , readonly]) => !readonly), []);
  },
  ["microVM"],
);

attack(
  "the host's /proc, /sys and cgroups in their own places are the guest kernel's, and never the VMM's",
  () => SLEEP,
  async (scene) => {
    const mounts = [
      bind("/proc", "/proc"),
      bind("/sys", "/sys"),
      bind("/sys/fs/cgroup", "/sys/fs/cgroup"),
      ...withoutMounts(scene.kago, "/proc", "/sys", "/sys/fs/cgroup"),
    ];
    await rewriteConfig(scene.kago, { mounts });
    assertEquals(await vmmMounts(scene), [OWN]);
  },
  ["microVM"],
);

attack(
  "what comes of the host's kernel with a volume is read-only to the VMM",
  () => ({ ...SLEEP, mounts: [bind("/sys", "/host/sys", "rw")] }),
  async (scene) => {
    const [first, ...rest] = await vmmMounts(scene);
    assertEquals(first, ["/host/sys", "sysfs", "/", true]);
    assertEquals(rest.at(-1), OWN);
    assertEquals(rest.filter(([, , , readonly]) => !readonly), []);
  },
  ["microVM"],
);

attack(
  "a VMM on a terminal has it of a devpts that is read-only to it",
  () => ({
    // What the double runs is in the VMM's own mounts.
    args: ["/bin/sh", "-c", "test -t 0 && echo terminal; chmod 777 /dev/pts/0 /dev/pts/ptmx"],
    config: { process: { terminal: true } },
  }),
  async ({ kago }) => {
    const line = `${KAGO} --root ${kago.root} ${kago.globals.join(" ")} ` +
      `run --bundle ${kago.bundle.path} ${kago.id}`;
    const { stdout } = await inTerminal(line, { rows: 24, columns: 80 });
    // A VMM's terminal is raw: the guest's own adds the carriage return, and the double has none.
    assertMatch(stdout, /^terminal\n/);
    assertEquals(stdout.match(/\/dev\/pts\/(0|ptmx): Read-only file system/g)?.length, 2, stdout);
  },
  ["microVM"],
);

attack(
  "the host's procfs is not bound into a microVM, by its name or with a folder that it is mounted in",
  () => SLEEP,
  async ({ kago, run, rootfs }) => {
    const mounts = withoutMounts(kago);
    await rewriteConfig(kago, { mounts: [...mounts, bind("/proc", "/host/proc")] });
    const named = await run();
    assertEquals(named.code, 1);
    assertStringIncludes(named.stderr, `mounts[${mounts.length}].source`);
    assertStringIncludes(named.stderr, "/proc cannot be bound into a microVM");
    const link = `${rootfs}/../link`;
    await Deno.symlink("/proc", link);
    for (const destination of ["/host/proc", "/host/proc/self/fd"]) {
      await rewriteConfig(kago, { mounts: [...mounts, bind(link, destination)] });
      const linked = await run();
      assertEquals(linked.code, 1, `${destination}: ${linked.stdout}`);
      assertStringIncludes(linked.stderr, "include a procfs");
    }
    const folder = `${rootfs}/../folder`;
    await Deno.mkdir(`${folder}/inner`, { recursive: true });
    await runOk("mount", ["-t", "proc", "proc", `${folder}/inner`]);
    try {
      await rewriteConfig(kago, { mounts: [...mounts, bind(folder, "/volume")] });
      const inside = await run();
      assertEquals(inside.code, 1, inside.stdout);
      assertStringIncludes(inside.stderr, "mounts: include a procfs");
    } finally {
      await runOk("umount", [`${folder}/inner`]);
    }
  },
  ["microVM"],
);
