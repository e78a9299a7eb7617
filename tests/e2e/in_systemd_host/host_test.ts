/**
 * The emulated host with systemd has what tests rely on. Runs inside it, started by ../systemd_host_test.ts; on other
 * machines these tests fail.
 */
import { assert, assertEquals, assertNotEquals, assertStringIncludes } from "@std/assert";
import { makeBundle, removeBundle } from "../../../scripts/sample/bundle.ts";
import { inUserSession, USER, USER_RUNTIME_DIR } from "../../harness/ordinary_user.ts";
import { runOk } from "../../harness/run.ts";

Deno.test("the kernel is not the one outside, and systemd has booted it", async () => {
  const outside = Deno.env.get("OUTER_KERNEL_RELEASE");
  assert(outside, "OUTER_KERNEL_RELEASE is not set: this is not the emulated host");
  assertNotEquals(Deno.osRelease(), outside);
  assertEquals(await Deno.readTextFile("/proc/1/comm"), "systemd\n");
  assertEquals(await runOk("systemctl", ["list-units", "--failed", "--plain", "--no-legend"]), "");
});

Deno.test("the test runs in a scope of its own on pure cgroup v2", async () => {
  assertEquals(await Deno.readTextFile("/proc/self/cgroup"), "0::/system.slice/session.scope\n");
  const handed = await Deno.readTextFile("/sys/fs/cgroup/cgroup.subtree_control");
  for (const controller of ["pids", "memory", "cpu"]) assertStringIncludes(handed, controller);
});

Deno.test("a transient scope keeps a limit", async () => {
  const scope = ["--scope", "--quiet", "--unit=limit-test", "-p", "TasksMax=17"];
  const file = "/sys/fs/cgroup/system.slice/limit-test.scope/pids.max";
  assertEquals(await runOk("systemd-run", [...scope, "cat", file]), "17\n");
});

Deno.test("AppArmor is enforced", async () => {
  assertEquals(await Deno.readTextFile("/sys/module/apparmor/parameters/enabled"), "Y\n");
});

Deno.test("/dev/kvm opens for reading and writing", async () => {
  using kvm = await Deno.open("/dev/kvm", { read: true, write: true });
  assert((await kvm.stat()).isCharDevice);
});

Deno.test("the ordinary user has a bus, a delegated cgroup and subordinate ids", async () => {
  assertEquals((await Deno.stat(`${USER_RUNTIME_DIR}/bus`)).uid, USER.uid);
  const script = `
    cgroup=/sys/fs/cgroup$(cut -d: -f3 /proc/self/cgroup)
    cat $cgroup/cgroup.controllers
    mkdir $cgroup/below && rmdir $cgroup/below
    podman unshare cat /proc/self/uid_map
  `;
  const { code, stdout, stderr } = await inUserSession(["sh", "-c", script]);
  assertEquals(code, 0, stderr);
  const [controllers, own, subordinate] = stdout.split("\n").map((line) =>
    line.trim().split(/\s+/)
  );
  for (const controller of ["pids", "memory", "cpu"]) assert(controllers!.includes(controller));
  assertEquals(own, ["0", `${USER.uid}`, "1"]);
  assertEquals(subordinate, ["1", "100000", "65536"]);
});

Deno.test("podman runs a container of crun's, root's and the ordinary user's", async () => {
  const bundle = await makeBundle();
  const rootless = await makeBundle();
  await runOk("chown", ["-R", `${USER.uid}:${USER.gid}`, rootless.path]);
  const args = ["--runtime=crun", "--cgroup-manager=systemd", "run", "--rm", "--network=none"];
  const program = ["cat", "/proc/self/cgroup"];
  const podman = [...args, "--cgroupns=host", "--rootfs"];
  assertStringIncludes(await runOk("podman", [...podman, bundle.rootfs, ...program]), "libpod-");
  const result = await inUserSession(["podman", ...podman, rootless.rootfs, ...program]);
  assertEquals(result.code, 0, result.stderr);
  assertStringIncludes(result.stdout, `/user.slice/user-${USER.uid}.slice/`);
  assertStringIncludes(result.stdout, "libpod-");
  await removeBundle(bundle);
  await removeBundle(rootless);
});
