/** `kago update` on real containers, on v1, hybrid and v2 hosts: read back from the kernel's files. Needs root. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { readCgroupLayout } from "../../runtime/cgroup/layout.ts";
import type { BundleOptions, JsonObject } from "../../scripts/sample/bundle.ts";
import { Kago } from "../harness/kago.ts";
import { until } from "../harness/until.ts";

const V2 = readCgroupLayout().mode === "v2";
const MIB = 1 << 20;

/** For making that device's node and opening it, where the host is strict about its log. */
const KMSG_CAPABILITIES = ["CAP_MKNOD", "CAP_SYSLOG"];
const KMSG = {
  bounding: KMSG_CAPABILITIES,
  effective: KMSG_CAPABILITIES,
  permitted: KMSG_CAPABILITIES,
};

/** A running container with these limits; `read` gives one of its cgroup's files, v1's or v2's. */
async function running(
  resources: JsonObject,
  use: (kago: Kago, read: (v1: string, v2: string) => string) => Promise<void>,
  options: BundleOptions = { args: ["sleep", "1000"] },
): Promise<void> {
  const config = { ...options.config, linux: { resources } };
  await Kago.with({ ...options, config }, async (kago) => {
    const created = await kago.create();
    assertEquals(created.code, 0, created.stdout);
    const started = await kago.run("start", kago.id);
    assertEquals(started.code, 0, started.stderr);
    const { cgroup } = JSON.parse(
      await Deno.readTextFile(`${kago.root}/${kago.id}/state.json`),
    );
    await use(kago, (v1, v2) => {
      const file = V2 ? v2 : v1;
      const controller = file.split(".")[0];
      const { path } = cgroup.directories.find(({ version, controllers }: {
        version: number;
        controllers: string[];
      }) => V2 ? version === 2 : controllers.includes(controller!));
      return Deno.readTextFileSync(`${path}/${file}`).trim();
    });
  });
}

async function update(kago: Kago, ...args: string[]): Promise<void> {
  const { code, stderr } = await kago.run("update", ...args, kago.id);
  assertEquals(code, 0, stderr);
  assertEquals(stderr, "");
}

Deno.test("update changes limits by option", async () => {
  await running({}, async (kago, read) => {
    await update(kago, "--memory", "64m", "--memory-reservation", "32m", "--pids-limit", "20");
    assertEquals(read("memory.limit_in_bytes", "memory.max"), `${64 * MIB}`);
    assertEquals(read("memory.soft_limit_in_bytes", "memory.low"), `${32 * MIB}`);
    assertEquals(read("pids.max", "pids.max"), "20");
    await update(kago, "--cpu-share", "512", "--cpu-quota", "20000", "--cpu-period", "50000");
    assertEquals(read("cpu.shares", "cpu.weight"), V2 ? "59" : "512");
    assertEquals(read("cpu.cfs_quota_us", "cpu.max"), V2 ? "20000 50000" : "20000");
    await update(kago, "--cpuset-cpus", "0", "--cpuset-mems", "0");
    assertEquals(read("cpuset.cpus", "cpuset.cpus"), "0");
    await update(kago, "--pids-limit", "-1", "--memory", "-1");
    assertEquals(read("pids.max", "pids.max"), "max");
    assertEquals(read("memory.limit_in_bytes", "memory.max"), V2 ? "max" : "9223372036854771712");
  });
});

Deno.test("update reads resources from the standard input", async () => {
  await running({ cpu: { quota: 20000, period: 50000 } }, async (kago, read) => {
    const stdin = JSON.stringify({ cpu: { quota: 30000 }, pids: { limit: 7 } });
    const result = await kago.runWith({ stdin }, "update", "--resources", "-", kago.id);
    assertEquals(result.code, 0, result.stderr);
    assertEquals(read("pids.max", "pids.max"), "7");
    assertEquals(read("cpu.cfs_quota_us", "cpu.max"), V2 ? "30000 50000" : "30000");
    assertEquals(read("cpu.cfs_period_us", "cpu.max"), V2 ? "30000 50000" : "50000");
  });
});

Deno.test("update raises and lowers memory with swap, whatever the order the kernel wants", async () => {
  const memory = { limit: 64 * MIB, swap: 96 * MIB };
  await running({ memory }, async (kago, read) => {
    const swap = () => Number(read("memory.memsw.limit_in_bytes", "memory.swap.max"));
    await update(kago, "--memory", "128m", "--memory-swap", "192m");
    assertEquals(read("memory.limit_in_bytes", "memory.max"), `${128 * MIB}`);
    assertEquals(swap(), V2 ? 64 * MIB : 192 * MIB);
    await update(kago, "--memory", "32m", "--memory-swap", "48m");
    assertEquals(read("memory.limit_in_bytes", "memory.max"), `${32 * MIB}`);
    assertEquals(swap(), V2 ? 16 * MIB : 48 * MIB);
    await update(kago, "--memory", "40m");
    assertEquals(swap(), V2 ? 8 * MIB : 48 * MIB);
    // Above the sum that still holds.
    const { code, stderr } = await kago.run("update", "--memory", "64m", kago.id);
    assertEquals(code, 1);
    assertStringIncludes(stderr, "linux.resources.memory.limit: ");
    assertEquals(read("memory.limit_in_bytes", "memory.max"), `${40 * MIB}`);
  });
});

Deno.test("update shrinks quota, period and burst together", async () => {
  const cpu = { quota: 80000, period: 100000, burst: 40000 };
  await running({ cpu }, async (kago, read) => {
    await update(kago, ...["--cpu-quota", "8000", "--cpu-period", "10000", "--cpu-burst", "4000"]);
    assertEquals(read("cpu.cfs_quota_us", "cpu.max"), V2 ? "8000 10000" : "8000");
    assertEquals(read("cpu.cfs_burst_us", "cpu.max.burst"), "4000");
    await update(kago, "--cpu-quota", "80000", "--cpu-burst", "0", "--cpu-period", "100000");
    assertEquals(read("cpu.cfs_burst_us", "cpu.max.burst"), "0");
  });
});

Deno.test("update makes a container idle and brings it back", async () => {
  await running({ cpu: { shares: 2048 } }, async (kago, read) => {
    await update(kago, "--cpu-idle", "1");
    assertEquals(read("cpu.idle", "cpu.idle"), "1");
    await update(kago, "--cpu-idle", "0", "--cpu-share", "1024");
    assertEquals(read("cpu.idle", "cpu.idle"), "0");
    assertEquals(read("cpu.shares", "cpu.weight"), V2 ? "100" : "1024");
  });
});

Deno.test("an update that fails half-way restores what it had changed", async () => {
  const resources = {
    cpu: { shares: 2048, quota: 50000, period: 100000 },
    pids: { limit: 100 },
    memory: { limit: 64 * MIB },
  };
  await running(resources, async (kago, read) => {
    const files = () => [
      read("cpu.shares", "cpu.weight"),
      read("cpu.idle", "cpu.idle"),
      read("cpu.cfs_quota_us", "cpu.max"),
      read("cpu.cfs_period_us", "cpu.max"),
      read("cpuset.cpus", "cpuset.cpus.effective"),
      read("pids.max", "pids.max"),
      read("memory.limit_in_bytes", "memory.max"),
    ];
    const before = files();
    // The kernel takes all of it but the last page size, which no machine has.
    const stdin = JSON.stringify({
      cpu: { shares: 100, quota: 1000, period: 5000, idle: 1, cpus: "0" },
      pids: { limit: 5 },
      memory: { limit: 32 * MIB },
      ...(V2 ? { unified: { "memory.high": "much" } } : { blockIO: { leafWeight: 100 } }),
    });
    const { code, stderr } = await kago.runWith({ stdin }, "update", "-r", "-", kago.id);
    assertEquals(code, 1);
    assertStringIncludes(stderr, V2 ? 'unified[\\"memory.high\\"]' : "blockIO.leafWeight");
    assertStringIncludes(
      stderr,
      V2 ? "memory.high: invalid argument" : "no such file or directory",
    );
    assertEquals(stderr.includes("could not be restored"), false, stderr);
    assertEquals(files(), before);
    assertEquals((await kago.state()).status, "running");
  });
});

Deno.test("update names the limit, file and errno that the kernel refuses", async () => {
  await running({ pids: { limit: 9 } }, async (kago, read) => {
    const { code, stderr } = await kago.run(
      "update",
      ...["--pids-limit", "5", "--cpuset-cpus", "4000"],
      kago.id,
    );
    assertEquals(code, 1);
    assertStringIncludes(stderr, 'linux.resources.cpu.cpus: write \\"4000\\" to /sys/fs/cgroup/');
    assertStringIncludes(stderr, "/cpuset.cpus: ");
    assertEquals(read("pids.max", "pids.max"), "9");
  });
});

Deno.test("a memory limit below what the container holds is refused, with its usage", async () => {
  // A tmpfs cannot be reclaimed without swap.
  const script =
    "dd if=/dev/zero of=/dev/shm/full bs=1M count=24 2>/dev/null; echo full; exec sleep 1000";
  const memory = { limit: 64 * MIB, swap: 64 * MIB };
  await running({ memory }, async (kago, read) => {
    await kago.says("full");
    const stdin = JSON.stringify({ memory: { limit: 4 * MIB, checkBeforeUpdate: true } });
    const { code, stderr } = await kago.runWith({ stdin }, "update", "-r", "-", kago.id);
    assertEquals(code, 1);
    assertStringIncludes(stderr, "linux.resources.memory.limit: ");
    assertStringIncludes(stderr, V2 ? "bytes that the container uses" : "device or resource busy");
    assert(/\d{8}/.test(stderr), stderr);
    assertEquals(read("memory.limit_in_bytes", "memory.max"), `${64 * MIB}`);
    assertEquals((await kago.state()).status, "running");
  }, { args: ["sh", "-c", script] });
});

Deno.test("update replaces device rules", async () => {
  const script =
    "mknod /kmsg c 1 11; while :; do ( exec 3</kmsg ) 2>/dev/null && echo yes || echo no; " +
    "sleep 0.1; done";
  const deny = { allow: false, access: "rwm" };
  const rule = { allow: true, type: "c", major: 1, minor: 11, access: "r" };
  await running({ devices: [deny] }, async (kago) => {
    const says = (word: string) =>
      until(`it says ${word}`, () => kago.output().endsWith(`${word}\n`));
    const devices = async (...rules: JsonObject[]) => {
      const stdin = JSON.stringify({ devices: rules });
      const result = await kago.runWith({ stdin }, "update", "-r", "-", kago.id);
      assertEquals(result.code, 0, result.stderr);
    };
    await says("no");
    await devices(deny, rule);
    await says("yes");
    await devices(deny);
    await says("no");
  }, { args: ["sh", "-c", script], config: { process: { capabilities: KMSG } } });
});

Deno.test("update works on a created and a paused container, and refuses a stopped one", async () => {
  await Kago.with({ args: ["sleep", "1000"] }, async (kago) => {
    await kago.create();
    await update(kago, "--pids-limit", "20");
    await kago.run("start", kago.id);
    assertEquals((await kago.run("pause", kago.id)).code, 0);
    await update(kago, "--pids-limit", "30");
    assertEquals((await kago.run("resume", kago.id)).code, 0);
    await kago.run("kill", kago.id, "KILL");
    await kago.until("stopped");
    const { code, stderr } = await kago.run("update", "--pids-limit", "5", kago.id);
    assertEquals(code, 1);
    assertStringIncludes(stderr, "it is stopped, not created or running or paused");
  });
});

Deno.test("an update without a limit, or with a bad one, changes nothing and says so", async () => {
  await running({}, async (kago) => {
    for (
      const [args, words] of [
        [[], "needs a limit"],
        [["--memory", "much"], "--memory"],
        [["--l3-cache-schema", "L3:0=f"], "it has no resctrl group that kago created"],
        [["-r", "/no/such/file"], "cannot read /no/such/file"],
      ] as const
    ) {
      const { code, stderr } = await kago.run("update", ...args, kago.id);
      assertEquals(code, 1);
      assertStringIncludes(stderr, words);
    }
  });
});

Deno.test("kill -9 of kago during update leaves a container that delete --force removes", async () => {
  await running({}, async (kago) => {
    for (let delay = 0; delay < 60; delay += 6) {
      const script = '"$@" & sleep 0.$0; kill -9 $! 2>/dev/null; wait; exit 0';
      const fraction = String(delay).padStart(3, "0");
      const kagoFile = new URL("../../dist/kago", import.meta.url).pathname;
      const args = ["--root", kago.root, "update", "--pids-limit", `${50 + delay}`];
      await new Deno.Command("sh", {
        args: ["-c", script, fraction, kagoFile, ...args, "--memory", "64m", kago.id],
        stderr: "null",
      }).output();
    }
    await update(kago, "--pids-limit", "33");
    assertEquals((await kago.run("delete", "--force", kago.id)).code, 0);
    assertEquals(kago.cgroups(), []);
  });
});

/** A folder that looks like resctrl, with the group `box`; no machine of the tests has the hardware. */
async function withResctrl(use: (group: string) => Promise<void>): Promise<void> {
  const root = await Deno.makeTempDir();
  try {
    for (const folder of ["info/L3", "info/MB", "box"]) {
      await Deno.mkdir(`${root}/${folder}`, { recursive: true });
    }
    await Deno.writeTextFile(`${root}/box/schemata`, "L3:0=ff\n");
    await use(`${root}/box`);
  } finally {
    await Deno.remove(root, { recursive: true });
  }
}

Deno.test("update writes schemata to a group of resctrl that kago made, and takes them back with the rest", async () => {
  await withResctrl((group) =>
    running({}, async (kago, read) => {
      const path = `${kago.root}/${kago.id}/state.json`;
      const text = await Deno.readTextFile(path);
      const schemata = () => Deno.readTextFileSync(`${group}/schemata`);
      const state = { ...JSON.parse(text), resctrl: { group, own: true } };
      await Deno.writeTextFile(path, JSON.stringify(state));
      await update(kago, "--l3-cache-schema", "L3:0=f", "--pids-limit", "77");
      assertEquals([schemata(), read("pids.max", "pids.max")], ["L3:0=f\n", "77"]);
      await update(kago, "--mem-bw-schema", "MB:0=20");
      assertEquals(schemata(), "MB:0=20\n");
      const words = ["--l3-cache-schema", "L3:0=3", "--cpuset-cpus", "9999"];
      const refused = await kago.run("update", ...words, kago.id);
      assertEquals([refused.code, schemata()], [1, "MB:0=20\n"]);
      const others = { ...state, resctrl: { group, own: false } };
      await Deno.writeTextFile(path, JSON.stringify(others));
      const foreign = await kago.run("update", "--l3-cache-schema", "L3:0=1", kago.id);
      assertStringIncludes(foreign.stderr, "it has no resctrl group that kago created");
      await Deno.writeTextFile(path, text);
    })
  );
});
