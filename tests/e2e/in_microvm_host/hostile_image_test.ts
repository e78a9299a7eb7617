/**
 * The attacks that tests/security tries on microVMs with the double, repeated with the real libkrun where the result
 * can differ: files that the VMM creates and opens below a hostile root, and what it holds while the guest runs. Runs
 * inside the emulated host.
 */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { KAGO, Kago } from "../../harness/kago.ts";
import { run } from "../../harness/run.ts";
import { UNRESTRICTED } from "../../harness/unrestricted.ts";
import { describeTree, plantLink } from "../../security/attack.ts";
import { unlessGone } from "../../harness/unless_gone.ts";

const KRUN = { "run.oci.handler": "krun", "krun.ram_mib": "256" };

/** A file and a directory of the host, which must be unchanged afterwards. */
async function withVictim(use: (victim: string) => Promise<void>): Promise<void> {
  const victim = await Deno.makeTempDir({ prefix: "victim_" });
  await Deno.writeTextFile(`${victim}/file`, "precious\n");
  await Deno.mkdir(`${victim}/folder`);
  for (const path of ["", "/file", "/folder"]) await Deno.chmod(victim + path, 0o777);
  const before = await describeTree(victim);
  try {
    await use(victim);
    assertEquals(await describeTree(victim), before);
  } finally {
    await Deno.remove(victim, { recursive: true });
  }
}

Deno.test("without the agent, a hostile .krun_config.json and .krun_vm.json are replaced, and not obeyed", async () => {
  // CVE-2025-24965: a link with the first name made the runtime write to the host.
  const annotations = { ...KRUN, "krun.agent": "0" };
  const args = ["/bin/sh", "-c", "echo from the spec; nproc"];
  await withVictim(async (victim) => {
    await Kago.with({ annotations, args, config: UNRESTRICTED }, async (kago) => {
      const { rootfs, path } = kago.bundle;
      await plantLink(`../../../../../..${victim}/file`, `${rootfs}/.krun_config.json`);
      const wishes = { flavor: "sev", gpu_flags: 512, nested_virt: true, cpus: 1 };
      await Deno.writeTextFile(`${rootfs}/.krun_vm.json`, JSON.stringify(wishes));
      const args = ["run", "--bundle", path, kago.id];
      const { code, stdout, stderr } = await kago.runWith({ timeout: 120 }, ...args);
      assertEquals(code, 0, stderr);
      assertMatch(stdout.replaceAll("\r", ""), /^from the spec\n1\n/);
      assertStringIncludes(stderr, "gpu_flags is ignored");
      const info = await Deno.lstat(`${rootfs}/.krun_config.json`);
      assertEquals([info.isFile, info.mode! & 0o777], [true, 0o600]);
    });
  });
});

/** The result of `script` in the guest of an image with links to the host, run by a caller that leaks a descriptor. */
async function inHostileImage(
  script: string,
  look: (kago: Kago, pid: number, victim: string) => Promise<void>,
): Promise<void> {
  await withVictim(async (victim) => {
    const source = await Deno.makeTempDir();
    const mounts = [{
      destination: "/data",
      type: "bind",
      source,
      options: ["rbind", "rw"],
    }];
    const options = { annotations: KRUN, args: ["/bin/sh", "-c", script], mounts };
    await Kago.with(options, async (kago) => {
      const { rootfs, path } = kago.bundle;
      await plantLink(`../../../../../../..${victim}/folder`, `${rootfs}/data`);
      await plantLink(`${victim}/file`, `${rootfs}/link`);
      await plantLink("/proc/self/root/../../../../..", `${rootfs}/up`);
      const words = [KAGO, "--root", kago.root, "create", "--bundle", path, kago.id];
      const leak = ["-c", 'exec 7<"$0" 8</; exec "$@"', `${victim}/folder`, ...words];
      const created = await run("sh", leak, { output: `${path}/output` });
      assertEquals(created.code, 0, created.stdout);
      assertEquals((await kago.run("start", kago.id)).code, 0);
      await kago.says("done");
      await look(kago, (await kago.state()).pid as number, victim);
    }).finally(() => Deno.remove(source, { recursive: true }));
  });
}

function identityOf(path: string): string {
  const { dev, ino } = Deno.statSync(path);
  return `${dev}:${ino}`;
}

/** The open files of a process; descriptors may be closed during the look. */
function heldBy(pid: number): string[] {
  const folder = `/proc/${pid}/fd`;
  return [...Deno.readDirSync(folder)]
    .map(({ name }) => unlessGone(() => identityOf(`${folder}/${name}`)))
    .filter((identity) => identity !== undefined);
}

Deno.test("a guest of a hostile image reaches nothing of the host, and its VMM holds nothing of it", async () => {
  const script = [
    "echo mine > /data/written",
    "echo overwritten > /link 2>/dev/null",
    "ls -d /up/etc/hostname /up/../../etc/hostname 2>/dev/null",
    "for i in /proc/1/root/../../../etc /../../../etc; do ls $i/debian_version 2>/dev/null; done",
    "echo done; exec sleep 1000",
  ].join("; ");
  await inHostileImage(script, async (kago, pid, victim) => {
    assertEquals(kago.output().replaceAll("\r", ""), "done\n", "files of the host were in sight");
    // The link was followed inside: the guest's file is below its own root.
    assert(await Deno.stat(`${kago.bundle.rootfs}${victim}/folder`));
    const status = await Deno.readTextFile(`/proc/${pid}/status`);
    assertMatch(status, /^CapInh:\t0{16}$/m);
    assertMatch(status, /^CapAmb:\t0{16}$/m);
    // By identity, because the guest's own files have such names below its root.
    const held = heldBy(pid);
    for (const path of [victim, `${victim}/folder`, `${victim}/file`, "/", "/etc"]) {
      assert(!held.includes(identityOf(path)), `the VMM holds the host's ${path}`);
    }
    const exe = await run("sh", ["-c", `echo x >> /proc/${pid}/exe`]);
    assertMatch(exe.stderr, /Text file busy|Operation not permitted|Permission denied/);
  });
});
