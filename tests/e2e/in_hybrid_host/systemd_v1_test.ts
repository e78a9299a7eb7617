/** The systemd cgroup driver with the controllers in cgroup v1. Runs inside the hybrid systemd host. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { Kago } from "../../harness/kago.ts";
import { runOk } from "../../harness/run.ts";
import { isFolder } from "../../../runtime/common/files.ts";

const CGROUPS = "/sys/fs/cgroup";
const LIMITS = {
  memory: { limit: 64 << 20 },
  cpu: { shares: 512, quota: 25000, period: 50000, cpus: "0-1" },
  pids: { limit: 20 },
};

Deno.test("the controllers are in v1, beside an empty v2", async () => {
  const mounts = await Deno.readTextFile("/proc/self/mounts");
  for (const name of ["memory", "pids", "devices", "systemd", "unified"]) {
    assertStringIncludes(mounts, ` ${CGROUPS}/${name} cgroup`);
  }
  assertEquals(await Deno.readTextFile(`${CGROUPS}/unified/cgroup.controllers`), "");
});

Deno.test("a scope's limits and devices are in v1's files, survive daemon-reload and go with the container", async () => {
  const linux = { cgroupsPath: "kagotest.slice:pre:v1", resources: LIMITS };
  await Kago.with({ args: ["sleep", "1000"], config: { linux } }, async (kago) => {
    const output = `${kago.bundle.path}/output`;
    const words = ["--systemd-cgroup", "create", "-b", kago.bundle.path, kago.id];
    const { code, stdout } = await kago.runWith({ output }, ...words);
    assertEquals(code, 0, stdout);
    const { pid } = await kago.state();
    const joined = (await Deno.readTextFile(`/proc/${pid}/cgroup`)).trim().split("\n");
    const place = "/kagotest.slice/pre-v1.scope";
    assertEquals(joined.filter((line) => !line.endsWith(`:${place}`)), []);

    const read = (controller: string, file: string) =>
      Deno.readTextFileSync(`${CGROUPS}/${controller}${place}/${file}`).trim();
    const values = () => ({
      memory: read("memory", "memory.limit_in_bytes"),
      shares: read("cpu", "cpu.shares"),
      quota: read("cpu", "cpu.cfs_quota_us"),
      period: read("cpu", "cpu.cfs_period_us"),
      cpus: read("cpuset", "cpuset.cpus"),
      pids: read("pids", "pids.max"),
      devices: read("devices", "devices.list").split("\n").sort(),
    });
    const before = values();
    const { devices, ...limits } = before;
    assertEquals(limits, {
      memory: `${64 << 20}`,
      shares: "512",
      quota: "25000",
      period: "50000",
      cpus: "0-1",
      pids: "20",
    });
    assertEquals(devices.includes("a *:* rwm"), false, devices.join());
    assertEquals(devices.includes("c 1:3 rwm"), true, devices.join());
    await runOk("systemctl", ["daemon-reload"]);
    assertEquals(values(), before);

    assertEquals((await kago.run("delete", "--force", kago.id)).stderr, "");
    const left = joined.map((line) => line.split(":")[1]!.replace("name=", "") || "unified")
      .map((name) => `${CGROUPS}/${name}${place}`).filter(isFolder);
    assertEquals(left, []);
    assertEquals(await runOk("systemctl", ["list-units", "--all", "--no-legend", "pre-v1*"]), "");
  });
});
