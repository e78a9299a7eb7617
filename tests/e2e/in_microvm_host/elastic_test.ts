/** A microVM whose memory and CPU time change while it runs, with the real libkrun, on pure cgroup v2. */
import { assert, assertEquals } from "@std/assert";
import { elasticMemory } from "../../../executors/libkrun/settings/defaults.ts";
import { compileC } from "../../harness/c_program.ts";
import { Kago } from "../../harness/kago.ts";
import { until } from "../../harness/until.ts";

const MIB = 1 << 20;
const RAM_MIB = 512;
const LIMIT = 256 * MIB;
const MORE = 420 * MIB;
const TOOL = "/bin/elastic_tool";

/** The part of a limit that the guest's processes get. */
function inside(limit: number): number {
  return limit - elasticMemory(RAM_MIB).outside;
}

/** Mebibytes charged to the host's cgroup. */
function usage(kago: Kago): number {
  const [path] = kago.cgroups();
  return Math.round(Number(Deno.readTextFileSync(`${path}/memory.current`)) / MIB);
}

/** Makes the container's process hold this much memory; a guest sees a file's change within six seconds. */
async function hold(kago: Kago, mib: number): Promise<void> {
  Deno.writeTextFileSync(`${kago.bundle.rootfs}/wanted`, `${mib}\n`);
  await kago.says(`holds ${mib} MiB\n`);
}

/** In the guest. */
async function limits(kago: Kago): Promise<string[]> {
  const files = ["memory.max", "cpu.max"].map((file) => `/sys/fs/cgroup/${file}`);
  const { code, stdout, stderr } = await kago.runWith(
    { timeout: 240 },
    ...["exec", kago.id, "/bin/cat", ...files],
  );
  assertEquals(code, 0, stderr);
  return stdout.trimEnd().split("\n");
}

async function update(kago: Kago, ...options: string[]): Promise<void> {
  const { code, stderr } = await kago.runWith({ timeout: 240 }, "update", ...options, kago.id);
  assertEquals(code, 0, stderr);
}

function memory(limit: number): string[] {
  return ["--memory", `${limit}`, "--memory-swap", `${limit}`];
}

const OPTIONS = {
  annotations: {
    "run.oci.handler": "krun",
    "krun.ram_max_mib": `${RAM_MIB}`,
    "krun.cpus": "1",
  },
  args: [TOOL, "hold", "/wanted"],
  config: {
    linux: {
      resources: {
        memory: { limit: LIMIT, swap: LIMIT },
        cpu: { quota: 400_000, period: 100_000 },
      },
    },
  },
};

Deno.test("update gives a microVM's processes more memory and takes it back, and changes their CPU time", async () => {
  const tool = await compileC(new URL("elastic_tool.c", import.meta.url));
  await Kago.with(OPTIONS, async (kago) => {
    await Deno.rename(tool, `${kago.bundle.rootfs}${TOOL}`);
    const created = await kago.create();
    assertEquals(created.code, 0, created.stdout);
    const started = await kago.runWith({ timeout: 240 }, "start", kago.id);
    assertEquals(started.code, 0, started.stderr);
    await hold(kago, 32);
    assertEquals(await limits(kago), [`${inside(LIMIT)}`, "400000 100000"]);
    const figures: Record<string, number> = { "with 32 MiB held": usage(kago) };

    // More than the limit leaves: the guest's kernel kills this process, and no other.
    Deno.writeTextFileSync(`${kago.bundle.rootfs}/too_much`, `${inside(LIMIT) / MIB}\n`);
    const args = ["exec", kago.id, TOOL, "hold", "/too_much"];
    assertEquals((await kago.runWith({ timeout: 240 }, ...args)).code, 137);

    await update(kago, ...memory(MORE), "--cpu-quota", "300000");
    assertEquals(await limits(kago), [`${inside(MORE)}`, "300000 100000"]);
    await hold(kago, 240);
    figures["with 240 MiB held"] = usage(kago);
    assert(usage(kago) > 240, JSON.stringify(figures));

    await hold(kago, 16);
    const begin = performance.now();
    await update(kago, ...memory(LIMIT));
    figures["seconds to take it back"] = Math.round((performance.now() - begin) / 1000);
    assertEquals(await limits(kago), [`${inside(LIMIT)}`, "300000 100000"]);
    await until("the memory is the host's again", () => usage(kago) < 200);
    figures["with 16 MiB held"] = usage(kago);
    const [path] = kago.cgroups();
    assertEquals(Deno.readTextFileSync(`${path}/memory.max`), `${LIMIT}\n`);
    assertEquals(
      /^oom_kill (\d+)$/m.exec(Deno.readTextFileSync(`${path}/memory.events`))?.[1],
      "0",
    );
    console.log(JSON.stringify(figures));
    assertEquals((await kago.state()).status, "running");
    await kago.run("kill", kago.id, "KILL");
  });
});
