/** What the runtime reads and writes in /proc while a bundle has put something else there: beside proc_test.ts's sysctls. */
import { assertEquals, assertMatch } from "@std/assert";
import { KAGO } from "../harness/kago.ts";
import { run, runOk } from "../harness/run.ts";
import { attack, PRECIOUS, rewriteConfig, type Scene, withoutMounts } from "./attack.ts";

const mapping = [{ containerID: 0, hostID: 100000, size: 65536 }];
const USER_NAMESPACE = {
  process: { capabilities: { bounding: [], permitted: [], effective: [] } },
  linux: {
    namespaces: ["pid", "network", "ipc", "uts", "mount", "user"].map((type) => ({ type })),
    uidMappings: mapping,
    gidMappings: mapping,
  },
};

/** `kago create` on a host whose own /proc is partly covered, where the kernel gives a user namespace no new procfs. */
function createOnCoveredProc({ kago }: Scene) {
  const output = `${kago.bundle.path}/output`;
  const words = [
    KAGO,
    "--root",
    kago.root,
    ...kago.globals,
    "create",
    "--bundle",
    kago.bundle.path,
    kago.id,
  ];
  const script = 'mount --bind /dev/null /proc/version && exec "$@"';
  return run("unshare", ["-m", "sh", "-c", script, "sh", ...words], { output });
}

function assertUnprivileged(pid: unknown): void {
  for (const { name } of Deno.readDirSync(`/proc/${pid}/task`)) {
    const status = Deno.readTextFileSync(`/proc/${pid}/task/${name}/status`);
    assertMatch(status, /^CapPrm:\t0{16}\nCapEff:\t0{16}$/m, `thread ${name}`);
    assertMatch(status, /^NoNewPrivs:\t1$/m, `thread ${name}`);
  }
}

// A VMM's threads take their credentials one by one, and are found in a procfs.
attack(
  "a fake list of threads in the host's procfs keeps no thread of a VMM privileged",
  () => ({ args: ["/bin/sleep", "100"], config: USER_NAMESPACE }),
  async (scene) => {
    const { kago, victim } = scene;
    const bind = (destination: string, source: string) => (
      { destination, type: "bind", source, options: ["rbind"] }
    );
    const mounts = [
      bind("/proc", "/proc"),
      bind("/proc/self/task", victim.folder),
      ...withoutMounts(kago, "/proc"),
    ];
    await rewriteConfig(kago, { mounts });
    await runOk("chown", ["-R", "100000:100000", kago.bundle.rootfs]);
    const created = await createOnCoveredProc(scene);
    // To refuse such a bundle is as good.
    if (created.code === 0) assertUnprivileged((await kago.state()).pid);
    else assertMatch(created.stdout, /mounts\[1\]|task/);
  },
  ["microVM"],
);

attack(
  "a fake list of threads in the container's procfs keeps no thread of a VMM privileged",
  ({ folder }) => ({
    args: ["/bin/sleep", "100"],
    mounts: [{ destination: "/proc/1/task", type: "bind", source: folder, options: ["bind"] }],
    config: USER_NAMESPACE,
  }),
  async ({ kago }) => {
    await runOk("chown", ["-R", "100000:100000", kago.bundle.rootfs]);
    const output = `${kago.bundle.path}/output`;
    const options = ["--bundle", kago.bundle.path, kago.id];
    const created = await kago.runWith({ output }, "create", ...options);
    if (created.code === 0) assertUnprivileged((await kago.state()).pid);
    else assertMatch(created.stdout, /mounts\[7\]/);
  },
  ["microVM"],
);

attack(
  "time offsets are not written to the procfs of a mount namespace that is joined",
  () => ({ args: ["/bin/true"] }),
  async ({ kago, victim, run }) => {
    const fake = `${kago.bundle.path}/fake`;
    await Deno.mkdir(`${fake}/self`, { recursive: true });
    await Deno.symlink(victim.file, `${fake}/self/timens_offsets`);
    const args = ["-m", "sh", "-c", `mount --bind ${fake} /proc && echo ready && exec sleep 100`];
    const owner = new Deno.Command("unshare", { args, stdin: "null", stdout: "piped" }).spawn();
    try {
      const reader = owner.stdout.getReader();
      await reader.read();
      await reader.cancel();
      const path = `/proc/${owner.pid}/ns/mnt`;
      const namespaces = [{ type: "mount", path }, { type: "time" }, { type: "pid" }];
      const linux = { namespaces, timeOffsets: { monotonic: { secs: 1000 } } };
      await rewriteConfig(kago, { linux, mounts: [], hostname: undefined });
      await run();
      assertEquals(await Deno.readTextFile(victim.file), PRECIOUS);
    } finally {
      owner.kill("SIGKILL");
      await owner.status;
    }
  },
  ["process"],
);
