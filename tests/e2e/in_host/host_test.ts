/**
 * The emulated host has what tests rely on. Runs inside it, started by ../plain_host_test.ts; on other machines these
 * tests fail.
 */
import { assert, assertEquals, assertNotEquals, assertStringIncludes } from "@std/assert";
import { makeBundle, removeBundle } from "../../../scripts/sample/bundle.ts";
import { run } from "../../harness/run.ts";

Deno.test("the kernel is not the one outside", () => {
  const outside = Deno.env.get("OUTER_KERNEL_RELEASE");
  assert(outside, "OUTER_KERNEL_RELEASE is not set: this is not the emulated host");
  assertNotEquals(Deno.osRelease(), outside);
});

Deno.test("cgroup2 is mounted alone, and hands pids, memory and cpu to children of the root", async () => {
  const mounts = await Deno.readTextFile("/proc/self/mounts");
  const cgroups = mounts.split("\n").filter((line) => / cgroup2? /.test(line));
  assertEquals(cgroups.map((line) => line.split(" ").slice(1, 3)), [["/sys/fs/cgroup", "cgroup2"]]);
  const handed = await Deno.readTextFile("/sys/fs/cgroup/cgroup.subtree_control");
  for (const controller of ["pids", "memory", "cpu"]) assertStringIncludes(handed, controller);
  assertEquals(await Deno.readTextFile("/proc/self/cgroup"), "0::/session.scope\n");
});

Deno.test("there is no procfs but the one at /proc, which a mask covers for a user namespace too", async () => {
  const script = `mount -t tmpfs tmpfs /proc/tty &&
    exec unshare --user --map-root-user --mount --pid --fork mount -t proc proc /mnt`;
  const { code, stderr } = await run("unshare", ["--mount", "sh", "-c", script]);
  assertNotEquals(code, 0);
  assertStringIncludes(stderr, "permission denied");
});

Deno.test("a limit set in a child cgroup is kept", async () => {
  const cgroup = "/sys/fs/cgroup/limit_test";
  await Deno.mkdir(cgroup);
  await Deno.writeTextFile(`${cgroup}/pids.max`, "17");
  await Deno.writeTextFile(`${cgroup}/memory.max`, "64M");
  assertEquals(await Deno.readTextFile(`${cgroup}/pids.max`), "17\n");
  assertEquals(await Deno.readTextFile(`${cgroup}/memory.max`), `${64 * 1024 * 1024}\n`);
  await Deno.remove(cgroup);
});

Deno.test("root has every capability the kernel knows", async () => {
  const last = Number(await Deno.readTextFile("/proc/sys/kernel/cap_last_cap"));
  const status = await Deno.readTextFile("/proc/self/status");
  const effective = BigInt(`0x${/^CapEff:\s*(\S+)/m.exec(status)?.[1]}`);
  assertEquals(effective, (1n << BigInt(last + 1)) - 1n);
});

Deno.test("/dev/kvm opens for reading and writing", async () => {
  using kvm = await Deno.open("/dev/kvm", { read: true, write: true });
  assert((await kvm.stat()).isCharDevice);
});

Deno.test("a libkrun guest boots from a busybox rootfs, and its exit code comes back", async () => {
  const bundle = await makeBundle();
  const script = new URL("../harness/boot_guest.ts", import.meta.url).pathname;
  const guest = ["/bin/sh", "-c", "echo guest kernel: $(uname -r); exit 37"];
  const deno = ["run", "-A", "--no-check", "--cached-only", script];
  const words = [...deno, bundle.rootfs, ...guest];
  const { code, stdout, stderr } = await run(Deno.execPath(), words, { timeout: 180 });
  await removeBundle(bundle);
  assertEquals(code, 37, stdout + stderr);
  assertStringIncludes(stdout, "guest kernel: ");
  assert(!stdout.includes(Deno.osRelease()), stdout);
});
