/** root's systemd cgroup driver, compared with runc's in the same boot. Runs inside the systemd host. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { JsonObject } from "../../../scripts/sample/bundle.ts";
import { KAGO, Kago } from "../../harness/kago.ts";
import { run, runOk, type RunResult } from "../../harness/run.ts";
import { until } from "../../harness/until.ts";

const SLEEP = ["sleep", "1000"];

function systemd(kago: Kago, ...words: string[]): Promise<RunResult> {
  const output = `${kago.bundle.path}/output`;
  return kago.runWith({ output }, "--systemd-cgroup", ...words);
}

async function create(kago: Kago, id = kago.id): Promise<void> {
  const { code, stdout } = await systemd(kago, "create", "--bundle", kago.bundle.path, id);
  assertEquals(code, 0, stdout);
}

async function property(unit: string, name: string): Promise<string> {
  return (await runOk("systemctl", ["show", "-P", name, "--", unit])).trim();
}

/** Whether this systemd has a property, asked of a unit that always exists. */
async function knows(name: string): Promise<boolean> {
  return (await runOk("systemctl", ["show", "-p", name, "--", "init.scope"])) !== "";
}

function units(pattern: string): Promise<string> {
  return runOk("systemctl", ["list-units", "--all", "--plain", "--no-legend", "--", pattern]);
}

/** A unit ends a moment after its last process. */
async function untilGone(pattern: string): Promise<void> {
  let left = "";
  await until(() => `units go, but ${left}`, async () => (left = await units(pattern)) === "");
}

function withPath(cgroupsPath: string, resources: JsonObject = {}) {
  return { args: SLEEP, config: { linux: { cgroupsPath, resources } } };
}

const LIMITS = {
  memory: { limit: 64 << 20, reservation: 32 << 20, swap: 96 << 20 },
  cpu: { shares: 2, quota: 25000, period: 50000, cpus: "0", mems: "0" },
  pids: { limit: 20 },
};

const PROPERTIES: Readonly<Record<string, string>> = {
  Slice: "kagotest-a.slice",
  ControlGroup: "/kagotest.slice/kagotest-a.slice/pre-NAME.scope",
  Delegate: "yes",
  DefaultDependencies: "no",
  MemoryMax: `${64 << 20}`,
  MemoryLow: `${32 << 20}`,
  MemorySwapMax: `${32 << 20}`,
  CPUWeight: "1",
  CPUQuotaPerSecUSec: "500ms",
  CPUQuotaPeriodUSec: "50ms",
  AllowedCPUs: "0",
  AllowedMemoryNodes: "0",
  TasksMax: "20",
  MemoryAccounting: "yes",
  // On cgroup v2 the kernel always counts CPU time; systemd 262 no longer has the property.
  ...(await knows("CPUAccounting") ? { CPUAccounting: "yes" } : {}),
  IOAccounting: "yes",
  TasksAccounting: "yes",
};

const FILES = {
  "memory.max": `${64 << 20}`,
  "memory.low": `${32 << 20}`,
  "memory.swap.max": `${32 << 20}`,
  "cpu.weight": "1",
  "cpu.max": "25000 50000",
  "cpuset.cpus": "0",
  "cpuset.mems": "0",
  "pids.max": "20",
};

async function facts(name: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  // In one call: under emulation each call takes a second.
  const names = Object.keys(PROPERTIES).join();
  const shown = await runOk("systemctl", ["show", "-p", names, "--", `pre-${name}.scope`]);
  for (const line of shown.trim().split("\n")) {
    const [key, value] = line.split("=", 2) as [string, string];
    found[key] = value;
  }
  const cgroup = `/sys/fs/cgroup${found.ControlGroup}`;
  for (const file of Object.keys(FILES)) {
    found[file] = (await Deno.readTextFile(`${cgroup}/${file}`)).trim();
  }
  return { ...found, ControlGroup: found.ControlGroup!.replace(name, "NAME") };
}

Deno.test("a container is a scope with its limits as properties and in the kernel's files, as runc's is", async () => {
  const wanted = { ...PROPERTIES, ...FILES };
  await Kago.with(withPath("kagotest-a.slice:pre:k1", LIMITS), async (kago) => {
    await create(kago);
    const { pid } = await kago.state();
    const cgroup = await Deno.readTextFile(`/proc/${pid}/cgroup`);
    assertEquals(cgroup, "0::/kagotest.slice/kagotest-a.slice/pre-k1.scope\n");
    assertEquals(await facts("k1"), wanted);
    // systemd rewrites all settings that it knows.
    await runOk("systemctl", ["daemon-reload"]);
    assertEquals(await facts("k1"), wanted);
    assertEquals((await kago.run("delete", "--force", kago.id)).stderr, "");
    await untilGone("pre-k1.scope");
  });
  await Kago.with(withPath("kagotest-a.slice:pre:r1", LIMITS), async ({ bundle }) => {
    const args = ["--systemd-cgroup", "create", "--bundle", bundle.path, "r1"];
    await run("runc", args, { output: `${bundle.path}/output` });
    assertEquals(await facts("r1"), wanted);
    await runOk("runc", ["delete", "--force", "r1"]);
  });
});

Deno.test("update changes the unit's properties with the files; what fails leaves both as they were", async () => {
  await Kago.with(withPath("kagotest-a.slice:pre:u1", LIMITS), async (kago) => {
    await create(kago);
    const changed = { TasksMax: "33", "pids.max": "33", CPUWeight: "10000", "cpu.weight": "10000" };
    const wanted = { ...PROPERTIES, ...FILES, ...changed };
    const update = ["update", "--pids-limit", "33", "--cpu-share", "262144", kago.id];
    assertEquals((await kago.run(...update)).stderr, "");
    assertEquals(await facts("u1"), wanted);
    await runOk("systemctl", ["daemon-reload"]);
    assertEquals(await facts("u1"), wanted);
    const resources = '{"pids":{"limit":55},"unified":{"memory.oom.group":"7"}}';
    const late = await kago.runWith({ stdin: resources }, "update", "--resources", "-", kago.id);
    assertEquals(late.code, 1, late.stderr);
    assertEquals(await facts("u1"), wanted);
  });
});

Deno.test("without a cgroupsPath the scope is kago-ID in system.slice", async () => {
  await Kago.with({ args: SLEEP }, async (kago) => {
    const id = `${kago.id}+x`;
    await create(kago, id);
    const unit = `kago-${kago.id}\\x2bx.scope`;
    assertEquals(await property(unit, "ControlGroup"), `/system.slice/${unit}`);
    assertEquals(await property(unit, "Description"), `kago container ${id}`);
    await kago.run("delete", "--force", id);
    await untilGone("kago-kago-test*");
  });
});

Deno.test("run starts in the scope, and its end leaves no unit, even when memory ran out", async () => {
  const script = "cat /proc/self/cgroup; exit 7";
  await Kago.with({ args: ["sh", "-c", script], config: NO_CGROUP_NAMESPACE }, async (kago) => {
    const result = await kago.run(...["--systemd-cgroup", "run", "-b", kago.bundle.path, kago.id]);
    assertEquals(result.code, 7, result.stderr);
    assertStringIncludes(result.stdout, `/system.slice/kago-${kago.id}.scope`);
    await untilGone("kago-kago-test*");
  });
  const resources = { memory: { limit: 16 << 20, swap: 16 << 20 } };
  const eater = ["sh", "-c", "exec tail /dev/zero"];
  await Kago.with({ args: eater, config: { linux: { resources } } }, async (kago) => {
    const result = await kago.run(...["--systemd-cgroup", "run", "-b", kago.bundle.path, kago.id]);
    assertEquals(result.code, 137, result.stderr);
    await untilGone("kago-kago-test*");
  });
});

Deno.test("a property that reaches other units takes the administrator's permission", async () => {
  const annotations = { "org.systemd.property.Conflicts": "['multi-user.target']" };
  await Kago.with({ args: SLEEP, annotations }, async (kago) => {
    const { code, stdout } = await systemd(kago, "create", "-b", kago.bundle.path, kago.id);
    assertEquals(code, 1);
    assertStringIncludes(stdout, "--allow-annotation org.systemd.property.Conflicts");
    assertEquals(await units(`kago-${kago.id}.scope`), "");
  });
});

const NO_CGROUP_NAMESPACE = {
  linux: { namespaces: ["pid", "network", "ipc", "uts", "mount"].map((type) => ({ type })) },
};

Deno.test("an annotation sets a property of the unit", async () => {
  const annotations = { "org.systemd.property.TimeoutStopSec": "uint64 17" };
  await Kago.with({ args: SLEEP, annotations }, async (kago) => {
    await create(kago);
    assertEquals(await property(`kago-${kago.id}.scope`, "TimeoutStopUSec"), "17s");
  });
  const wrong = { "org.systemd.property.NoSuchProperty": "true" };
  await Kago.with({ args: SLEEP, annotations: wrong }, async (kago) => {
    kago.globals.push("--allow-annotation", "org.systemd.property.");
    const { code, stdout } = await systemd(kago, "create", "-b", kago.bundle.path, kago.id);
    assertEquals(code, 1);
    assertStringIncludes(
      stdout,
      `systemd does not start kago-${kago.id}.scope: Cannot set property`,
    );
    assertEquals(await units(`kago-${kago.id}.scope`), "");
  });
});

Deno.test("a limit that the kernel refuses leaves no unit", async () => {
  await Kago.with(withPath("", { cpu: { cpus: "4000" } }), async (kago) => {
    const { code, stdout } = await systemd(kago, "create", "-b", kago.bundle.path, kago.id);
    assertEquals(code, 1);
    assertStringIncludes(stdout, "linux.resources.cpu.cpus");
    await untilGone(`kago-${kago.id}.scope`);
  });
});

Deno.test("a unit that is in use is refused and left alone; one that has failed is not in the way", async () => {
  await runOk("systemd-run", [
    "--unit=pre-used.scope",
    "--scope",
    "--quiet",
    "sh",
    "-c",
    BACKGROUND,
  ]);
  await Kago.with(withPath("system.slice:pre:used"), async (kago) => {
    const { code, stdout } = await systemd(kago, "create", "-b", kago.bundle.path, kago.id);
    assertEquals(code, 1);
    assertStringIncludes(stdout, "linux.cgroupsPath: ");
    assertStringIncludes(stdout, "in use");
    assertEquals(await property("pre-used.scope", "ActiveState"), "active");
    await runOk("systemctl", ["kill", "-s", "KILL", "pre-used.scope"]);
    await untilGone("pre-used.scope");
    await create(kago);
    assertEquals(await property("pre-used.scope", "Description"), `kago container ${kago.id}`);
  });
});

const BACKGROUND = "sleep 1000 </dev/null >/dev/null 2>&1 &";

Deno.test("wrong cgroupsPaths are refused by name", async () => {
  await Kago.with(withPath("/a/b"), async (kago) => {
    const { code, stdout } = await systemd(kago, "create", "-b", kago.bundle.path, kago.id);
    assertEquals(code, 1);
    assertStringIncludes(stdout, 'linux.cgroupsPath: \\"/a/b\\" is not SLICE:PREFIX:NAME');
  });
});

Deno.test("kill -9 of kago during create leaves nothing that delete --force does not remove", async () => {
  await Kago.with({ args: SLEEP }, async (kago) => {
    const args = ["--root", kago.root, "--systemd-cgroup", "create", "-b", kago.bundle.path];
    const started = performance.now();
    await create(kago);
    const whole = performance.now() - started;
    await kago.run("delete", "--force", kago.id);
    for (let part = 1; part <= 6; part++) {
      const child = new Deno.Command(KAGO, {
        args: [...args, kago.id],
        stdin: "null",
        stdout: "null",
        stderr: "null",
      }).spawn();
      await new Promise((resolve) => setTimeout(resolve, whole * part / 7));
      try {
        child.kill("SIGKILL");
      } catch (error) {
        assert(error instanceof TypeError, "it has ended by itself");
      }
      await child.status;
      const { code, stderr } = await kago.run("delete", "--force", kago.id);
      assertEquals(code, 0, stderr);
      await untilGone("kago-kago-test*");
    }
  });
});
