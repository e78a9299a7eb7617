import { assertEquals, assertRejects } from "@std/assert";
import { parseCommand, parseGlobalOptions } from "../../../runtime/cli/parse.ts";
import { updateResources } from "../../../runtime/commands/update_resources.ts";
import { SpecError, UsageError } from "../../../runtime/common/errors.ts";

async function resourcesOf(...args: string[]) {
  const commandLine = parseCommand(parseGlobalOptions(["update", ...args, "id"]));
  if (commandLine.kind !== "run" || commandLine.invocation.command !== "update") {
    throw new Error("not an update");
  }
  const warnings: string[] = [];
  const { l3CacheSchema: _, memBwSchema: __, ...options } = commandLine.invocation.options;
  const resources = await updateResources(options, (message) => warnings.push(message));
  return { resources, warnings };
}

Deno.test("updateResources() takes runc's options", async () => {
  const { resources, warnings } = await resourcesOf(
    ...["--memory", "64m", "--memory-reservation", "32m", "--memory-swap=-1"],
    ...["--cpu-share", "512", "--cpu-quota", "-1", "--cpu-period", "50000", "--cpu-burst", "10"],
    ...["--cpu-rt-runtime", "5", "--cpu-rt-period", "10", "--cpu-idle", "0"],
    ...["--cpuset-cpus", "0-1", "--cpuset-mems", "0", "--pids-limit", "20"],
    ...["--blkio-weight", "500", "--kernel-memory", "1m"],
  );
  assertEquals(resources, {
    memory: { limit: 64 << 20, reservation: 32 << 20, swap: -1 },
    cpu: {
      shares: 512,
      quota: -1,
      period: 50000,
      burst: 10,
      realtimePeriod: 10,
      realtimeRuntime: 5,
      cpus: "0-1",
      mems: "0",
      idle: 0,
    },
    pids: { limit: 20 },
    blockIO: { weight: 500 },
  });
  assertEquals(warnings.map((text) => text.split(" ")[0]), ["--kernel-memory"]);
});

Deno.test("updateResources() reads a file, and names a problem as in config.json", async () => {
  const file = await Deno.makeTempFile();
  try {
    await Deno.writeTextFile(file, '{"memory": {"limit": 9007199254740993}}');
    assertEquals((await resourcesOf("--resources", file)).resources, {
      memory: { limit: 9007199254740993n },
    });
    await Deno.writeTextFile(file, '{"cpu": {"shares": "many"}}');
    const error = await assertRejects(() => resourcesOf("-r", file), SpecError);
    assertEquals(error.jsonPath, "linux.resources.cpu.shares");
  } finally {
    await Deno.remove(file);
  }
});

Deno.test("updateResources() refuses a file beside options, and nothing at all", async () => {
  await assertRejects(() => resourcesOf("-r", "/x", "--memory", "1m"), UsageError, "not both");
  await assertRejects(() => resourcesOf(), UsageError, "needs a limit");
  await assertRejects(() => resourcesOf("--cpu-quota", "1.5"), UsageError, "--cpu-quota");
  await assertRejects(() => resourcesOf("--memory", "lots"), UsageError, "--memory");
});

Deno.test("updateResources() checks ranges as in config.json", async () => {
  const error = await assertRejects(() => resourcesOf("--blkio-weight", "5"), SpecError);
  assertEquals(error.jsonPath, "linux.resources.blockIO.weight");
});
