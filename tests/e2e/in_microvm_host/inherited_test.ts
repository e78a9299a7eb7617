/**
 * What a microVM inherits from its caller and its engine: limits, shared memory, and rights to files by a user's ids.
 * Runs inside the emulated host.
 */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import type { BundleOptions } from "../../../scripts/sample/bundle.ts";
import { KAGO, Kago } from "../../harness/kago.ts";
import { run, runOk } from "../../harness/run.ts";

const ANNOTATIONS = { "run.oci.handler": "krun", "krun.ram_mib": "256" };

/** A microVM with a script, and without its own limits. */
function guest(script: string, config: BundleOptions["config"] = {}): BundleOptions {
  const process = { rlimits: undefined, ...config.process as Record<string, unknown> };
  const args = ["/bin/sh", "-c", script];
  return { annotations: ANNOTATIONS, args, config: { ...config, process } };
}

/** The script's output in a microVM whose caller has these limits, given as options of prlimit(1). */
async function underLimits(
  limits: readonly string[],
  script: string,
  prepare: (kago: Kago) => Promise<void> = async () => {},
): Promise<string> {
  let output = "";
  await Kago.with(guest(script), async (kago) => {
    await prepare(kago);
    const command = [KAGO, "--root", kago.root, "run", "-b", kago.bundle.path, kago.id];
    const { code, stdout, stderr } = await run("prlimit", [...limits, ...command], { timeout: 90 });
    assertEquals([code, stderr], [0, ""]);
    output = stdout;
  });
  return output;
}

async function started(kago: Kago): Promise<void> {
  const { code, stdout } = await kago.create();
  assertEquals(code, 0, stdout);
  assertEquals((await kago.run("start", kago.id)).code, 0);
  await kago.says("up");
}

const LIMITS = "ulimit -n; ulimit -Hn; ulimit -u; ulimit -c";

Deno.test("without rlimits a guest's process has its caller's limits, more than a kernel's own among them", async () => {
  const own = ["--nofile=900:1000", "--nproc=777:888", "--core=512000:512000"];
  assertEquals(await underLimits(own, LIMITS), "900\n1000\n777\n1000\n");
  const path = "/proc/sys/fs/nr_open";
  const before = Deno.readTextFileSync(path);
  Deno.writeTextFileSync(path, "2000000");
  try {
    const many = await underLimits(["--nofile=1000:1500000"], "ulimit -n; ulimit -Hn");
    assertEquals(many, "1000\n1500000\n");
  } finally {
    Deno.writeTextFileSync(path, before);
  }
});

Deno.test("a guest knows more files than its caller's limit, which is its process's alone", async () => {
  const files = async ({ bundle }: Kago) => {
    await Deno.mkdir(`${bundle.rootfs}/many`);
    for (let i = 0; i < 350; i++) await Deno.writeTextFile(`${bundle.rootfs}/many/${i}`, "x\n");
  };
  const script = "cat /many/* | wc -l; ulimit -Hn";
  assertEquals(await underLimits(["--nofile=300:300"], script, files), "350\n300\n");
});

Deno.test("what is executed in a guest has the limits of whoever executes it", async () => {
  await Kago.with(guest("echo up; exec sleep 1000"), async (kago) => {
    await started(kago);
    const command = [KAGO, "--root", kago.root, "exec", kago.id, "/bin/sh", "-c"];
    const script = "ulimit -n; ulimit -Hn";
    const { stdout, stderr } = await run("prlimit", ["--nofile=400:5000", ...command, script]);
    assertEquals([stdout, stderr], ["400\n5000\n", ""]);
  });
});

Deno.test("a guest's /dev/shm is as large as the engine made it, bound or mounted", async () => {
  const folder = await Deno.makeTempDir();
  await Deno.mkdir(`${folder}/shm`);
  await runOk("mount", ["-t", "tmpfs", "-o", "size=3m", "shm", `${folder}/shm`]);
  const at = "/dev/shm";
  const ways = [
    { destination: at, type: "bind", source: `${folder}/shm`, options: ["bind", "private"] },
    { destination: at, type: "tmpfs", source: "shm", options: ["mode=1777", "size=3072k"] },
  ];
  try {
    for (const way of ways) {
      const mounts = [
        { destination: "/proc", type: "proc", source: "proc" },
        { destination: "/dev", type: "tmpfs", source: "tmpfs" },
        way,
      ];
      const script = "df -k /dev/shm | tail -n 1; stat -c %a /dev/shm";
      await Kago.with(guest(script, { mounts }), async (kago) => {
        const { stdout, stderr } = await kago.runWith(
          { timeout: 90 },
          ...["run", "-b", kago.bundle.path, kago.id],
        );
        assertEquals(stderr, "");
        assertMatch(stdout, /^\S+ +3072 .*\/dev\/shm\n1777\n$/);
      });
    }
  } finally {
    await runOk("umount", [`${folder}/shm`]);
    await Deno.remove(folder, { recursive: true });
  }
});

/** The capabilities of Docker and podman that concern files. */
const FILES = ["CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "MKNOD", "SETFCAP"]
  .map((name) => `CAP_${name}`);

/** root's microVM with these capabilities, and a directory of group 2000. */
async function withFolders(
  names: readonly string[],
  additionalGids: readonly number[],
  use: (exec: (...words: string[]) => Promise<string>) => Promise<void>,
): Promise<void> {
  const capabilities = { bounding: names, permitted: names, effective: names };
  const process = { user: { uid: 0, gid: 0, additionalGids }, capabilities };
  await Kago.with(guest("echo up; exec sleep 1000", { process }), async (kago) => {
    for (const [name, mode, gid] of [["anybody", 0o1777, 0], ["group", 0o2770, 2000]] as const) {
      const path = `${kago.bundle.rootfs}/${name}`;
      await Deno.mkdir(path);
      await Deno.chown(path, 0, gid);
      await Deno.chmod(path, mode);
    }
    await started(kago);
    await use(async (folder, ...options) => {
      const words = ["exec", ...options, kago.id, "touch", `/${folder}/${crypto.randomUUID()}`];
      const { code, stderr } = await kago.runWith({ timeout: 60 }, ...words);
      return code === 0 ? "" : stderr;
    });
  });
}

Deno.test("exec as another user makes files by that user's ids where config.json has SETUID and SETGID", async () => {
  const names = [...FILES, "CAP_SETUID", "CAP_SETGID"];
  await withFolders(names, [], async (touch) => {
    assertEquals(await touch("anybody", "-u", "1000:1000"), "");
    assertEquals(await touch("group", "-u", "1000:2000"), "");
    const byGroup = await touch("group", "-u", "1000:1000", "--additional-gids", "2000");
    assertStringIncludes(byGroup, "Permission denied");
  });
  await withFolders(names, [2000], async (touch) => {
    assertEquals(await touch("group", "-u", "1000:1000", "--additional-gids", "2000"), "");
  });
});

Deno.test("exec as another user makes no files where config.json has neither SETUID nor SETGID", async () => {
  await withFolders(FILES, [], async (touch) => {
    assertStringIncludes(await touch("anybody", "-u", "1000:1000"), "Operation not permitted");
    assertEquals(await touch("anybody"), "");
  });
});
