/**
 * `checkpoint` and `restore` with the real criu, which works with this kernel, but not with every one. Each of them
 * takes seconds under emulation, so a test checks many things. Runs inside the emulated host.
 */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { JsonObject } from "../../../scripts/sample/bundle.ts";
import { isThere } from "../../../runtime/common/files.ts";
import { Kago } from "../../harness/kago.ts";
import { run, runOk } from "../../harness/run.ts";
import { COUNTER, Keeper, loadSocketModules } from "../harness/keeper.ts";
import { until } from "../../harness/until.ts";
import { unlessGone } from "../../harness/unless_gone.ts";

await loadSocketModules();

Deno.test("a container goes on where it was, with its limits, device rules, hooks and streams", async () => {
  const log = await Deno.makeTempFile();
  const hook = (
    moment: string,
  ) => [{ path: "/bin/sh", args: ["sh", "-c", `echo ${moment} >> ${log}`] }];
  const moments = ["prestart", "createRuntime", "createContainer", "startContainer", "poststop"];
  const hooks = Object.fromEntries(moments.map((moment) => [moment, hook(moment)]));
  const capabilities = ["CAP_MKNOD"];
  const process = {
    capabilities: { bounding: capabilities, effective: capabilities, permitted: capabilities },
  };
  const devices = [{ allow: false, access: "rwm" }];
  const resources = { pids: { limit: 77 }, memory: { limit: 64 << 20 }, devices };
  const config = { hooks, process, linux: { resources } };
  await Keeper.with({ ...COUNTER, config }, async (keeper) => {
    const { kago } = keeper;
    await keeper.start();
    await keeper.goesOn();
    await Deno.writeTextFile(log, "");
    await keeper.checkpoint("--work-path", `${kago.bundle.path}/work`);
    assert(isThere(`${kago.bundle.path}/work/dump.log`));
    assertEquals(Deno.statSync(keeper.images).mode! & 0o7777, 0o700);
    // As with runc, only the checkpoint is left.
    assertEquals([...Deno.readDirSync(kago.root)].map(({ name }) => name), []);
    assertEquals(kago.cgroups(), []);

    const pidFile = `${kago.bundle.path}/pid`;
    await keeper.restore("--pid-file", pidFile);
    await keeper.goesOn();
    const lines = Deno.readTextFileSync(keeper.output).trimEnd().split("\n").map(Number);
    assertEquals(lines, lines.map((_, index) => index + 1), "a number is missing or there twice");
    assertEquals(Deno.readTextFileSync(log), "poststop\nprestart\ncreateRuntime\n");
    const { pid, status } = await kago.state();
    assertEquals([`${pid}`, status], [Deno.readTextFileSync(pidFile), "running"]);
    const [cgroup] = kago.cgroups();
    assertEquals(Deno.readTextFileSync(`${cgroup}/pids.max`), "77\n");
    assertEquals(Deno.readTextFileSync(`${cgroup}/memory.max`), `${64 << 20}\n`);
    const script =
      "cat /dev/shm/file; mknod /tun c 10 200; (exec 3</tun) 2>/dev/null || echo refused";
    assertEquals(await keeper.exec("sh", "-c", script), "kept\nrefused\n");
    await looksLikeAnyOther(kago);
  });
  await Deno.remove(log);
});

/** Leaves the container deleted. */
async function looksLikeAnyOther(kago: Kago): Promise<void> {
  assertEquals((await kago.run("pause", kago.id)).code, 0);
  assertEquals((await kago.state()).status, "paused");
  assertEquals((await kago.run("resume", kago.id)).code, 0);
  assertStringIncludes((await kago.run("ps", kago.id)).stdout, "sleep 0.1");
  assertEquals((await kago.run("kill", kago.id, "KILL")).code, 0);
  await kago.until("stopped");
  assertEquals((await kago.run("delete", kago.id)).code, 0);
  assertEquals(kago.cgroups(), []);
}

Deno.test("--leave-running lets the container go on, and its checkpoint becomes another one beside it", async () => {
  await Keeper.with(COUNTER, async (keeper) => {
    const { kago, images } = keeper;
    await keeper.start();
    await keeper.goesOn();
    await keeper.checkpoint("--leave-running");
    await keeper.goesOn();
    const other = `${kago.id}-other`;
    const args = ["restore", "--detach", "--bundle", kago.bundle.path, "--image-path", images];
    assertEquals((await keeper.piped(...args, other)).code, 0);
    const { status, pid } = JSON.parse((await kago.run("state", other)).stdout);
    assertEquals(status, "running");
    const cgroup = Deno.readTextFileSync(`/proc/${pid}/cgroup`).trim();
    assert(cgroup.endsWith(`/${other}`), cgroup);
    assertEquals((await kago.state()).status, "running");
    assertEquals((await kago.run("delete", "--force", other)).code, 0);
  });
});

Deno.test("restore in the foreground forwards signals, and ends with the container's exit code", async () => {
  const script = "trap 'exit 7' TERM; echo ready; while sleep 0.1; do :; done";
  await Keeper.with({ args: ["sh", "-c", script] }, async (keeper) => {
    const { kago } = keeper;
    await keeper.start();
    await until("it is ready", () => keeper.last() === "ready");
    await keeper.checkpoint();
    const restored = keeper.piped(...keeper.restoreArgs());
    await kago.until("running");
    const { stdout } = await run("pgrep", ["-f", `restore --bundle ${kago.bundle.path}`]);
    for (const pid of stdout.trim().split("\n")) {
      // The shell around it has the same words; a process that is gone by now was its child.
      const comm = unlessGone(() => Deno.readTextFileSync(`/proc/${pid}/comm`));
      if (comm !== undefined && comm !== "sh\n") Deno.kill(Number(pid), "SIGTERM");
    }
    assertEquals((await restored).code, 7);
    await assertNothingLeft(kago);
  });
});

Deno.test("binds and a joined network are found again, masks kept, and mount points made", async () => {
  const shared = await Deno.makeTempDir();
  await Deno.writeTextFile(`${shared}/file`, "of the host\n");
  const netns = "kago-checkpoint";
  await runOk("ip", ["netns", "add", netns]);
  await runOk("ip", ["-n", netns, "link", "add", "d0", "type", "dummy"]);
  const mounts = [
    { destination: "/var/run/data", type: "bind", source: shared, options: ["rbind", "ro"] },
    { destination: "/etc/one", type: "bind", source: `${shared}/file`, options: ["bind"] },
  ];
  const types = ["mount", "pid", "ipc", "uts", "cgroup"].map((type): JsonObject => ({ type }));
  const linux = {
    namespaces: [...types, { type: "network", path: `/run/netns/${netns}` }],
    maskedPaths: ["/proc/keys", "/proc/timer_list", "/proc/acpi", "/sys/firmware"],
    readonlyPaths: ["/proc/sys"],
  };
  await Keeper.with({ ...COUNTER, mounts, config: { linux } }, async (keeper) => {
    const { rootfs } = keeper.kago.bundle;
    await Deno.symlink("/run", `${rootfs}/var/run`);
    await keeper.start();
    await keeper.goesOn();
    await keeper.checkpoint();
    // As on another host, whose image has none of the files that create made.
    await Deno.remove(`${rootfs}/run/data`);
    await Deno.remove(`${rootfs}/etc/one`);
    await keeper.restore();
    const script = "cat /run/data/file /etc/one; ls /sys/firmware /proc/acpi; cat /proc/keys; " +
      "touch /run/data/x || echo ro; echo 1 > /proc/sys/kernel/domainname || echo readonly; " +
      "readlink /proc/1/ns/net; grep -cE ' /proc/(keys|timer_list) .* ro,nosuid,noexec' /proc/self/mounts";
    const { ino } = Deno.statSync(`/run/netns/${netns}`);
    assertEquals(
      await keeper.exec("sh", "-c", `{ ${script}; } 2>/dev/null`),
      "of the host\nof the host\n/proc/acpi:\n\n/sys/firmware:\nro\nreadonly\n" +
        `net:[${ino}]\n2\n`,
    );
  });
  await runOk("ip", ["netns", "delete", netns]);
  await Deno.remove(shared, { recursive: true });
});

Deno.test("a paused container is dumped after a pre-dump, and restored from both", async () => {
  await Keeper.with(COUNTER, async (keeper) => {
    const { kago } = keeper;
    await keeper.start();
    await keeper.goesOn();
    const options = ["--pre-dump", "--image-path", `${kago.bundle.path}/before`];
    const { code, stderr } = await kago.run("checkpoint", ...options, kago.id);
    assertEquals(code, 0, stderr);
    assertEquals((await kago.state()).status, "running");
    assertEquals((await kago.run("pause", kago.id)).code, 0);
    await keeper.checkpoint("--parent-path", "../before");
    assertEquals(Deno.readLinkSync(`${keeper.images}/parent`), "../before");
    await keeper.restore();
    await keeper.goesOn();
  });
});

async function assertNothingLeft(kago: Kago): Promise<void> {
  assertEquals([...Deno.readDirSync(kago.root)].map(({ name }) => name), []);
  assertEquals(kago.cgroups(), []);
  const mounts = Deno.readTextFileSync("/proc/self/mountinfo");
  assert(!mounts.includes("criu-root"), mounts);
  assertEquals((await run("pgrep", ["-a", "criu"])).stdout, "");
}

Deno.test("a restore that fails, by a hook or by criu, leaves nothing", async () => {
  await Keeper.with(COUNTER, async (keeper) => {
    const { kago, images } = keeper;
    await keeper.start();
    await keeper.goesOn();
    await keeper.checkpoint();
    const config = `${kago.bundle.path}/config.json`;
    const text = await Deno.readTextFile(config);
    const hooks = { createRuntime: [{ path: "/bin/false" }] };
    await Deno.writeTextFile(config, JSON.stringify({ ...kago.bundle.config, hooks }));
    const hooked = await kago.run(...keeper.restoreArgs("--detach"));
    assertEquals(hooked.code, 1);
    assertStringIncludes(hooked.stderr, "hooks.createRuntime[0]");
    await assertNothingLeft(kago);

    await Deno.writeTextFile(config, text);
    await Deno.truncate(`${images}/core-1.img`, 16);
    const damaged = await kago.run(...keeper.restoreArgs("--detach"));
    assertEquals(damaged.code, 1);
    assertStringIncludes(damaged.stderr, `criu cannot restore container ${kago.id}: Error (criu/`);
    assertStringIncludes(damaged.stderr, `; its log is ${images}/restore.log`);
    await assertNothingLeft(kago);
  });
});

Deno.test("a dump that criu refuses leaves the container running, and tells why", async () => {
  await Keeper.with(COUNTER, async (keeper) => {
    const { kago } = keeper;
    // Its output is a file that is in none of the container's mounts.
    assertEquals((await kago.create()).code, 0);
    assertEquals((await kago.run("start", kago.id)).code, 0);
    const { code, stderr } = await keeper.tryCheckpoint();
    assertEquals(code, 1);
    assertStringIncludes(stderr, `criu cannot dump container ${kago.id}: Error (criu/`);
    assertStringIncludes(stderr, `; its log is ${keeper.images}/dump.log`);
    assertEquals((await kago.state()).status, "running");
    await keeper.goesOn();
  });
});
