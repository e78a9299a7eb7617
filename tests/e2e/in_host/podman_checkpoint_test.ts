/** `podman container checkpoint` and `restore` on kago. Runs inside the emulated host. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { IMAGE, Podman } from "../../engines/podman/podman.ts";
import { until } from "../../harness/until.ts";
import { loadSocketModules } from "../harness/keeper.ts";

await loadSocketModules();

const COUNT = "echo kept > /run/file; i=0; while sleep 0.2; do i=$((i+1)); echo $i; done";

async function numbers(podman: Podman, name: string): Promise<number[]> {
  const logs = await podman.ok("logs", name);
  return logs.split(/\s+/).filter(Boolean).map(Number);
}

async function untilCounted(podman: Podman, name: string, more = 3): Promise<number[]> {
  const before = (await numbers(podman, name)).length;
  await until("it counts on", async () => (await numbers(podman, name)).length >= before + more);
  return await numbers(podman, name);
}

async function status(podman: Podman, name: string): Promise<string> {
  const format = "{{.State.Status}} {{.State.Checkpointed}}";
  return (await podman.ok("inspect", "--format", format, name)).trim();
}

function test(name: string, use: (podman: Podman) => Promise<void>): void {
  Deno.test(name, async () => {
    const podman = await Podman.open("kago", "v2");
    try {
      await use(podman);
    } finally {
      await podman.close();
    }
  });
}

test("podman checkpoints a container with its network and restores it", async (podman) => {
  const options = ["--network", "bridge", "--pids-limit", "55"];
  await podman.ok("run", "-d", "--name", "c", ...options, IMAGE, "sh", "-c", COUNT);
  await untilCounted(podman, "c");
  await podman.ok("container", "checkpoint", "c");
  assertEquals(await status(podman, "c"), "exited true");
  await podman.ok("container", "restore", "c");
  const seen = await untilCounted(podman, "c");
  assertEquals(seen, seen.map((_, index) => index + 1));
  assertEquals(await status(podman, "c"), "running false");
  assertEquals(
    await podman.ok("exec", "c", "cat", "/run/file", "/sys/fs/cgroup/pids.max"),
    "kept\n55\n",
  );
  assertStringIncludes(await podman.ok("exec", "c", "ip", "addr"), "eth0");
  await podman.ok("stop", "--time", "0", "c");
});

test("podman keeps a container running, exports it, and imports it under another name", async (podman) => {
  await podman.ok("run", "-d", "--name", "c", "--network", "none", IMAGE, "sh", "-c", COUNT);
  await untilCounted(podman, "c");
  await podman.ok("container", "checkpoint", "--leave-running", "c");
  assertEquals(await status(podman, "c"), "running false");
  await untilCounted(podman, "c");
  const archive = `${podman.folder}/checkpoint.tar.gz`;
  await podman.ok("container", "checkpoint", "--export", archive, "c");
  await podman.ok("rm", "--force", "--time", "0", "c");
  await podman.ok("container", "restore", "--import", archive, "--name", "d");
  const seen = await untilCounted(podman, "d");
  // The log was restored too; a new one would have a 1 in the middle.
  assertEquals(seen, seen.map((_, index) => index + 1));
  assertEquals(await podman.ok("exec", "d", "cat", "/run/file"), "kept\n");
});

test("podman restores a container with a terminal", async (podman) => {
  await podman.ok("run", "-dt", "--name", "c", "--network", "none", IMAGE, "sh", "-c", COUNT);
  await untilCounted(podman, "c");
  await podman.ok("container", "checkpoint", "c");
  await podman.ok("container", "restore", "c");
  const seen = await untilCounted(podman, "c");
  assertEquals(seen, seen.map((_, index) => index + 1));
  assertStringIncludes(await podman.ok("exec", "c", "readlink", "/proc/1/fd/0"), "/dev/pts/0");
});
