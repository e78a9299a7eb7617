/** The limits of a microVM's cgroup, which contains the VMM. Runs inside the emulated host, on pure cgroup v2. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { Kago } from "../../harness/kago.ts";

const MIB = 1 << 20;
const LIMIT = 320 * MIB;

/** The first number in a file of the container's cgroup, or the number after the word. */
function cgroupNumber(kago: Kago, file: string, word = ""): number {
  const [path] = kago.cgroups();
  const text = Deno.readTextFileSync(`${path}/${file}`);
  const line = text.split("\n").find((line) => line.startsWith(word))!;
  return Number(line.slice(word.length).trim());
}

Deno.test("a guest that fills its memory is limited inside, and its VMM is not killed", async () => {
  const script = 'tail /dev/zero; echo "tail ended with $?"; exec sleep 1000';
  const options = {
    annotations: { "run.oci.handler": "krun" },
    args: ["/bin/sh", "-c", script],
    config: { linux: { resources: { memory: { limit: LIMIT, swap: LIMIT } } } },
  };
  await Kago.with(options, async (kago) => {
    const created = await kago.create();
    assertEquals(created.code, 0, created.stdout);
    const started = await kago.run("start", kago.id);
    assertEquals(started.code, 0, started.stderr);
    await kago.says("tail ended");
    await kago.says("tail ended with 137\n");
    assertEquals((await kago.state()).status, "running");
    assertEquals(cgroupNumber(kago, "memory.events", "oom_kill "), 0);
    assertEquals(cgroupNumber(kago, "memory.max"), LIMIT);
    // The guest reports it; its kernel's own messages are not in the container's output.
    const events = await kago.run("events", "--stats", kago.id);
    assertEquals(JSON.parse(events.stdout).data.guest.memory.oomKills, 1);
    assert(!/Out of memory|Killed process/.test(kago.output()), kago.output());
    const peak = cgroupNumber(kago, "memory.peak");
    // The guest has 224 MiB and has filled them.
    assert(peak > 180 * MIB && peak <= LIMIT, `a peak of ${peak / MIB} MiB`);

    const lower = await kago.run("update", "--memory", "256m", "--memory-swap", "256m", kago.id);
    assertEquals(lower.code, 1);
    assertStringIncludes(lower.stderr, "linux.resources.memory.limit: 268435456 is below");
    const raise = await kago.run("update", "--memory", "400m", "--memory-swap", "400m", kago.id);
    assertEquals(raise.code, 0, raise.stderr);
    assertEquals(cgroupNumber(kago, "memory.max"), 400 * MIB);
  });
});

Deno.test("a memory limit without room for guest and VMM is refused", async () => {
  const options = {
    annotations: { "run.oci.handler": "krun" },
    args: ["/bin/true"],
    config: { linux: { resources: { memory: { limit: 200 * MIB } } } },
  };
  await Kago.with(options, async (kago) => {
    const { code, stderr } = await kago.foreground();
    assertEquals(code, 1);
    assertStringIncludes(stderr, "linux.resources.memory.limit: 209715200 bytes are too few");
    assertEquals(kago.cgroups(), []);
  });
});

Deno.test("a microVM may use /dev/kvm under rules that deny everything", async () => {
  const options = {
    annotations: { "run.oci.handler": "krun", "krun.ram_mib": "256" },
    args: ["/bin/echo", "from the guest"],
    config: { linux: { resources: { devices: [{ allow: false, access: "rwm" }] } } },
  };
  await Kago.with(options, async (kago) => {
    const args = ["run", "--bundle", kago.bundle.path, kago.id];
    const { code, stdout, stderr } = await kago.runWith({ timeout: 90 }, ...args);
    assertEquals(code, 0, stderr);
    assertStringIncludes(stdout, "from the guest");
  });
});
