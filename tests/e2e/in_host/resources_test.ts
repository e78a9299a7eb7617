/**
 * Limits and device rules on pure cgroup v2: set by kago and read back from the kernel. Runs inside the emulated host.
 */
import "../../integration/device_filter_test.ts";
import "../../integration/update_test.ts";
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { JsonObject } from "../../../scripts/sample/bundle.ts";
import { inside, Kago } from "../../harness/kago.ts";
import { runOk } from "../../harness/run.ts";

const MIB = 1 << 20;

/** The last line of each of these files in the container's own cgroup. */
async function limits(resources: JsonObject, ...files: string[]): Promise<string[]> {
  const script = `cd /sys/fs/cgroup && for f in ${files.join(" ")}; do tail -n 1 $f; done`;
  const output = await inside(script, { config: { linux: { resources } } });
  return output.trimEnd().split("\n");
}

Deno.test("memory limits, with swap counted by itself", async () => {
  const memory = { limit: 64 * MIB, swap: 96 * MIB, reservation: 32 * MIB };
  assertEquals(await limits({ memory }, "memory.max", "memory.swap.max", "memory.low"), [
    `${64 * MIB}`,
    `${32 * MIB}`,
    `${32 * MIB}`,
  ]);
});

Deno.test("what podman writes for -m 64m, --cpus 0.5, --cpu-shares, --cpuset-cpus and --pids-limit", async () => {
  const resources = {
    memory: { limit: 64 * MIB, swap: 128 * MIB, swappiness: undefined, disableOOMKiller: false },
    cpu: { shares: 512, quota: 50000, period: 100000, cpus: "0", mems: "0" },
    pids: { limit: 2048 },
    blockIO: {},
    unified: {},
  };
  const files = ["memory.max", "cpu.weight", "cpu.max", "cpuset.cpus", "cpuset.mems", "pids.max"];
  assertEquals(await limits(resources, ...files), [
    `${64 * MIB}`,
    "59",
    "50000 100000",
    "0",
    "0",
    "2048",
  ]);
});

Deno.test("a hard limit above the caller's is given in a user namespace too, by run and exec", async () => {
  const wanted = 1 << 20;
  const mappings = [{ containerID: 0, hostID: 100000, size: 65536 }];
  const config = {
    process: { rlimits: [{ type: "RLIMIT_NOFILE", soft: wanted, hard: wanted }] },
    linux: {
      namespaces: ["user", "pid", "mount", "ipc", "uts", "network"].map((type) => ({ type })),
      uidMappings: mappings,
      gidMappings: mappings,
    },
  };
  const callers = Number((await runOk("sh", ["-c", "ulimit -H -n"])).trim());
  assert(callers < wanted, `the caller's limit is ${callers} already`);
  const args = ["/bin/sh", "-c", "ulimit -H -n; exec sleep 1000"];
  await Kago.with({ args, config }, async (kago) => {
    const created = await kago.create();
    assertEquals(created.code, 0, created.stdout);
    assertEquals((await kago.run("start", kago.id)).code, 0);
    await kago.says(`${wanted}`);
    const { rlimits } = config.process;
    const process = { args: ["/bin/sh", "-c", "ulimit -H -n"], cwd: "/", rlimits };
    const file = `${kago.bundle.path}/process.json`;
    await Deno.writeTextFile(file, JSON.stringify(process));
    const { stdout, stderr } = await kago.run("exec", "--process", file, kago.id);
    assertEquals(stdout.trim(), `${wanted}`, stderr);
  });
});

Deno.test("cpu burst and idle", async () => {
  const cpu = { quota: 50000, period: 100000, burst: 20000, idle: 1 };
  assertEquals(await limits({ cpu }, "cpu.max", "cpu.max.burst", "cpu.idle"), [
    "50000 100000",
    "20000",
    "1",
  ]);
});

Deno.test("a container without limits has all controllers, figures, and room for a manager of cgroups", async () => {
  const script = `cd /sys/fs/cgroup && cat cgroup.controllers && wc -l < memory.current &&
    mkdir /sys/fs/cgroup/inner && echo 1 > inner/cgroup.procs &&
    echo +memory +pids > cgroup.subtree_control && cat inner/pids.max`;
  const offered = await Deno.readTextFile("/sys/fs/cgroup/cgroup.controllers");
  const cgroups = { destination: "/sys/fs/cgroup", type: "cgroup", source: "cgroup" };
  const output = await inside(script, { mounts: [{ ...cgroups, options: ["rw"] }] });
  assertEquals(output, `${offered}1\nmax\n`);
  for (const parent of ["/deep/er", "/deep"]) {
    const config = { linux: { cgroupsPath: `${parent}/c` } };
    assertEquals(await inside("cat /sys/fs/cgroup/cgroup.controllers", { config }), offered);
  }
});

Deno.test("a container whose parent cgroup has processes runs without the controllers", async () => {
  await Deno.mkdir("/sys/fs/cgroup/busy");
  const child = new Deno.Command("sh", {
    args: ["-c", "echo 0 > /sys/fs/cgroup/busy/cgroup.procs; echo; exec sleep 600"],
    stdout: "piped",
  }).spawn();
  try {
    await child.stdout.getReader().read();
    const config = { linux: { cgroupsPath: "/busy/c" } };
    assertEquals(await inside("cat /sys/fs/cgroup/cgroup.controllers", { config }), "");
  } finally {
    child.kill("SIGKILL");
    await child.status;
  }
});

Deno.test("update sets any limit of a container that was created without one", async () => {
  await Kago.with({ args: ["sleep", "600"] }, async (kago) => {
    assertEquals((await kago.create()).code, 0);
    const [cgroup] = kago.cgroups();
    const updates: [option: string, value: string, file: string, text: string][] = [
      ["--pids-limit", "20", "pids.max", "20"],
      ["--pids-limit", "-1", "pids.max", "max"],
      ["--cpu-burst", "0", "cpu.max.burst", "0"],
      ["--cpu-idle", "1", "cpu.idle", "1"],
      ["--cpu-idle", "0", "cpu.idle", "0"],
      ["--cpu-share", "512", "cpu.weight", "59"],
      ["--cpu-quota", "50000", "cpu.max", "50000 100000"],
      ["--cpu-burst", "20000", "cpu.max.burst", "20000"],
      ["--memory", "64M", "memory.max", `${64 * MIB}`],
      ["--cpuset-cpus", "0", "cpuset.cpus", "0"],
    ];
    for (const [option, value, file, text] of updates) {
      const { code, stderr } = await kago.run("update", option, value, kago.id);
      assertEquals([code, stderr], [0, ""], `${option} ${value}`);
      assertEquals(Deno.readTextFileSync(`${cgroup}/${file}`).trim(), text, `${option} ${value}`);
    }
  });
});

/** A block device of the emulated host that the kernel knows. */
async function blockDevice(): Promise<{ major: number; minor: number }> {
  const [name] = [...Deno.readDirSync("/sys/class/block")].map(({ name }) => name).sort();
  if (!name) throw new Error("no block device here: load the module loop");
  const [major, minor] = (await Deno.readTextFile(`/sys/class/block/${name}/dev`)).split(":");
  return { major: Number(major), minor: Number(minor) };
}

Deno.test("block throttles", async () => {
  const device = await blockDevice();
  const blockIO = {
    throttleReadBpsDevice: [{ ...device, rate: MIB }],
    throttleWriteIOPSDevice: [{ ...device, rate: 100 }],
  };
  assertEquals(await limits({ blockIO }, "io.max"), [
    `${device.major}:${device.minor} rbps=${MIB} wbps=max riops=max wiops=100`,
  ]);
});

Deno.test("huge pages in use and reserved", async () => {
  const hugepageLimits = [{ pageSize: "2MB", limit: 4 * MIB }];
  assertEquals(await limits({ hugepageLimits }, "hugetlb.2MB.max", "hugetlb.2MB.rsvd.max"), [
    `${4 * MIB}`,
    `${4 * MIB}`,
  ]);
});

Deno.test("unified names any file, and wins over a field", async () => {
  const resources = {
    memory: { limit: 64 * MIB },
    unified: { "memory.high": `${48 * MIB}`, "memory.max": `${56 * MIB}`, "pids.max": "77" },
  };
  assertEquals(await limits(resources, "memory.high", "memory.max", "pids.max"), [
    `${48 * MIB}`,
    `${56 * MIB}`,
    "77",
  ]);
});

/** `create` with these resources fails with these words, and leaves nothing behind. */
async function refused(resources: JsonObject, ...words: string[]): Promise<void> {
  await Kago.with({ config: { linux: { resources } } }, async (kago) => {
    const { code, stderr } = await kago.foreground();
    assertEquals(code, 1);
    for (const word of words) assertStringIncludes(stderr, word);
    assertEquals(kago.cgroups(), []);
  });
}

Deno.test("what v2 does not have is refused by field and file", async () => {
  const nothing = "cgroup v2 has no counterpart of v1's";
  await refused(
    { memory: { swappiness: 10 } },
    `linux.resources.memory.swappiness: ${nothing} memory.swappiness`,
  );
  await refused({ network: { classID: 1 } }, `linux.resources.network.classID: ${nothing}`);
  await refused({ cpu: { realtimeRuntime: 5 } }, "linux.resources.cpu.realtimeRuntime");
});

Deno.test("a controller or file that the kernel does not have is refused by name", async () => {
  await refused({ unified: { "nothing.max": "1" } }, "nothing.max", "has no controller nothing");
  await refused({ unified: { "memory.nothing": "1" } }, "memory.nothing", "no such file");
  await refused({ unified: { "memory.high": "much" } }, 'write \\"much\\" to', "memory.high");
});

Deno.test("a container has the default devices and what its rules allow", async () => {
  const script =
    "mknod /tun c 10 200; mknod /zero c 1 5; head -c 1 /zero >/dev/null && echo zero; " +
    "( exec 3</tun ) 2>/dev/null && echo tun; exit 0";
  const capabilities = ["CAP_MKNOD"];
  const process = {
    capabilities: { bounding: capabilities, effective: capabilities, permitted: capabilities },
  };
  const run = (devices: JsonObject[]) =>
    inside(script, { config: { process, linux: { resources: { devices } } } });
  const deny = { allow: false, access: "rwm" };
  assertEquals(await run([deny]), "zero\n");
  assertEquals(
    await run([deny, { allow: true, type: "c", major: 10, minor: 200, access: "r" }]),
    "zero\ntun\n",
  );
  assertEquals(await run([deny, { allow: true, access: "rwm" }]), "zero\ntun\n");
});
