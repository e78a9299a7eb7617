/** An ordinary user's microVMs. Runs inside the systemd host, where the user is in the group kvm. */
import { assert, assertEquals } from "@std/assert";
import { compileC } from "../../harness/c_program.ts";
import { inUserSession, USER } from "../../harness/ordinary_user.ts";
import { runOk } from "../../harness/run.ts";
import { until } from "../../harness/until.ts";
import { KAGO, ok, quiet, SUBORDINATE, withBundle } from "./user_bundle.ts";

const MICROVM = { annotations: { "run.oci.handler": "krun" } };
const AS_SUBORDINATE = {
  ...MICROVM,
  process: { user: { uid: 7, gid: 8, additionalGids: [9] } },
  linux: { uidMappings: SUBORDINATE, gidMappings: SUBORDINATE },
};

Deno.test("an ordinary user of the group kvm runs a microVM, as himself and as a subordinate user", async () => {
  const before = await Deno.stat("/dev/kvm");
  assertEquals((before.mode ?? 0) & 0o777, 0o660);
  const args = ["sh", "-c", "id -u; id -G; uname -r; exit 7"];
  for (const [config, ids] of [[MICROVM, "0\n0\n"], [AS_SUBORDINATE, "7\n8 9\n"]] as const) {
    await withBundle({ args, config }, async ({ id, path }) => {
      const words = [KAGO, "run", "--bundle", path, id];
      const { code, stdout, stderr } = await inUserSession(words, { timeout: 180 });
      assertEquals([code, stdout.startsWith(ids)], [7, true], stdout + stderr);
      assert(!stdout.includes(Deno.osRelease()), stdout);
    });
  }
  const after = await Deno.stat("/dev/kvm");
  assertEquals([after.mode, after.uid, after.gid], [before.mode, before.uid, before.gid]);
});

Deno.test("an ordinary user's microVM takes exec, ps, signals and delete, whoever its user is", async () => {
  const args = ["sh", "-c", "trap 'exit 9' TERM; while :; do sleep 0.1; done"];
  await withBundle({ args, config: AS_SUBORDINATE }, async ({ id, path }) => {
    await ok(inUserSession(quiet([KAGO, "create", "--bundle", path, id])));
    await ok(inUserSession([KAGO, "start", id]));
    assertEquals(await ok(inUserSession([KAGO, "exec", id, "id", "-u"])), "7\n");
    assert((await ok(inUserSession([KAGO, "ps", id]))).includes("sh"));
    await ok(inUserSession([KAGO, "kill", id, "TERM"]));
    await until(
      "it is stopped",
      async () => JSON.parse(await ok(inUserSession([KAGO, "state", id]))).status === "stopped",
    );
    await ok(inUserSession([KAGO, "delete", id]));
  });
});

Deno.test("an ordinary user's microVM learns by inotify what the host changes in his directory", async () => {
  const volume = `${USER.home}/watched`;
  const tool = await compileC(new URL("../in_microvm_host/watch_tool.c", import.meta.url));
  await Deno.mkdir(volume);
  await runOk("mount", ["-t", "tmpfs", "-o", `uid=${USER.uid}`, "tmpfs", volume]);
  try {
    await runOk("install", ["-m", "755", tool, `${volume}/watch`]);
    await ok(inUserSession(["touch", `${volume}/told`]));
    const config = {
      annotations: { ...MICROVM.annotations, "krun.watch": "/data" },
      mounts: [
        { destination: "/proc", type: "proc", source: "proc" },
        { destination: "/dev", type: "tmpfs", source: "tmpfs" },
        { destination: "/data", type: "bind", source: volume, options: ["rbind"] },
      ],
    };
    const args = ["sh", "-c", "/data/watch /data > /data/told"];
    await withBundle({ args, config }, async ({ id, path }) => {
      await ok(inUserSession(quiet([KAGO, "create", "--bundle", path, id])));
      await ok(inUserSession([KAGO, "start", id]));
      const told = (line: string) => async () =>
        (await Deno.readTextFile(`${volume}/told`)).split("\n").includes(line);
      await until("the guest watches", told("watching"));
      await inUserSession(["sh", "-c", `printf 12345 > ${volume}/new`]);
      await until("the guest is told of the new file", told("modify new 5"));
      await ok(inUserSession([KAGO, "delete", "--force", id]));
    });
  } finally {
    await runOk("umount", [volume]);
    await Promise.all([Deno.remove(volume), Deno.remove(tool)]);
  }
});
