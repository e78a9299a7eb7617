/** An ordinary user's containers, with and without a delegated cgroup and a session. Runs inside the systemd host. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import {
  besideUserSession,
  inUserSession,
  USER,
  USER_RUNTIME_DIR,
  withoutUserSession,
} from "../../harness/ordinary_user.ts";
import { KAGO, ok, quiet, SUBORDINATE, type UserBundle, withBundle } from "./user_bundle.ts";
import { until } from "../../harness/until.ts";
import { isThere } from "../../../runtime/common/files.ts";

const SERVICE = `/user.slice/user-${USER.uid}.slice/user@${USER.uid}.service`;

async function cgroupOf({ id }: UserBundle): Promise<string> {
  const { pid } = JSON.parse(await ok(inUserSession([KAGO, "state", id])));
  return (await Deno.readTextFile(`/proc/${pid}/cgroup`)).trim().slice("0::".length);
}

const LIMITS = {
  linux: { resources: { pids: { limit: 30 }, memory: { limit: 64 << 20 } } },
};

Deno.test("the whole life of an ordinary user's container, its state below XDG_RUNTIME_DIR", async () => {
  await withBundle({}, async (bundle) => {
    const { id, path } = bundle;
    await ok(inUserSession(quiet([KAGO, "create", "--bundle", path, id])));
    assertEquals((await Deno.stat(`${USER_RUNTIME_DIR}/kago/${id}`)).uid, USER.uid);
    const created = JSON.parse(await ok(inUserSession([KAGO, "state", id])));
    assertEquals([created.status, created.owner], ["created", USER.name]);
    await ok(inUserSession([KAGO, "start", id]));
    const uidMap = await Deno.readTextFile(`/proc/${created.pid}/uid_map`);
    assertEquals(uidMap.trim().split(/\s+/), ["0", `${USER.uid}`, "1"]);
    assertStringIncludes(await cgroupOf(bundle), `${SERVICE}/`);
    await ok(inUserSession([KAGO, "kill", id, "KILL"]));
    await until(
      "it is stopped",
      async () => JSON.parse(await ok(inUserSession([KAGO, "state", id]))).status === "stopped",
    );
    await ok(inUserSession([KAGO, "delete", id]));
    const left = [...Deno.readDirSync(`${USER_RUNTIME_DIR}/kago`)].map(({ name }) => name);
    assertEquals(left.filter((name) => name !== "~seccomp"), []); // compiled profiles stay
  });
});

Deno.test("subordinate ids are mapped by newuidmap and newgidmap", async () => {
  const args = ["sh", "-c", "cat /proc/self/uid_map /proc/self/gid_map; id -u; touch /tmp/x"];
  const config = {
    root: { readonly: false },
    process: { user: { uid: 1000, gid: 1000 } },
    linux: { uidMappings: SUBORDINATE, gidMappings: SUBORDINATE },
  };
  await withBundle({ args, config }, async ({ id, path }) => {
    const output = await ok(inUserSession([KAGO, "run", "--bundle", path, id]));
    const lines = output.trim().split("\n").map((line) => line.trim().split(/\s+/).join(" "));
    const map = ["0 1000 1", "1 100000 65536"];
    assertEquals(lines, [...map, ...map, "1000"]);
    const { uid } = await Deno.stat(`${path}/rootfs/tmp/x`);
    assertEquals(uid, 100000 + 999);
  });
});

Deno.test("limits hold in a delegated cgroup, made by kago or by the user's systemd", async () => {
  for (const [manager, name] of [["cgroupfs", "ID"], ["systemd", "kago-ID.scope"]] as const) {
    await withBundle({ config: LIMITS }, async (bundle) => {
      const { id, path } = bundle;
      const create = [KAGO, "--cgroup-manager", manager, "create", "--bundle", path, id];
      await ok(inUserSession(quiet(create)));
      const cgroup = await cgroupOf(bundle);
      assertStringIncludes(cgroup, `${SERVICE}/`);
      assert(cgroup.endsWith(`/${name.replace("ID", id)}`), cgroup);
      const read = (file: string) =>
        Deno.readTextFileSync(`/sys/fs/cgroup${cgroup}/${file}`).trim();
      assertEquals([read("pids.max"), read("memory.max")], ["30", `${64 << 20}`]);
      await ok(inUserSession([KAGO, "delete", "--force", id]));
      await until(`${cgroup} goes`, () => !isThere(`/sys/fs/cgroup${cgroup}`));
    });
  }
});

Deno.test("the user's systemd scope has its limits as properties, in user.slice", async () => {
  await withBundle({ config: LIMITS }, async ({ id, path }) => {
    const create = [KAGO, "--systemd-cgroup", "create", "--bundle", path, id];
    // The user's systemd creates the scope, so the caller itself needs no delegated cgroup.
    await ok(besideUserSession(quiet(create)));
    const show = ["systemctl", "--user", "show", "-p", "TasksMax,MemoryMax,Slice,ControlGroup"];
    const lines = (await ok(inUserSession([...show, `kago-${id}.scope`]))).trim().split("\n")
      .sort();
    assertEquals(lines, [
      `ControlGroup=${SERVICE}/user.slice/kago-${id}.scope`,
      `MemoryMax=${64 << 20}`,
      "Slice=user.slice",
      "TasksMax=30",
    ]);
  });
});

Deno.test("where nothing is delegated, a container without limits does without a cgroup", async () => {
  // Without a cgroup namespace, because in one every cgroup would be "/".
  const namespaces = ["user", "mount", "pid", "uts", "ipc"].map((type) => ({ type }));
  const look = ["cat", "/proc/self/cgroup"];
  await withBundle({ args: look, config: { linux: { namespaces } } }, async ({ id, path }) => {
    const run = ["run", "--bundle", path, id];
    const root = ["--root", `${USER.home}/state`];
    const callers = await ok(withoutUserSession(look));
    assertEquals(await ok(besideUserSession([KAGO, ...run])), callers);
    assertEquals(await ok(withoutUserSession([KAGO, ...root, ...run])), callers);
    const systemd = [KAGO, ...root, "--systemd-cgroup", ...run];
    assertEquals(await ok(withoutUserSession(systemd)), callers);
  });
});

Deno.test("where nothing is delegated, a limit is refused with its name", async () => {
  await withBundle({ config: LIMITS }, async ({ id, path }) => {
    const words = ["run", "--bundle", path, id];
    const root = ["--root", `${USER.home}/state`];
    const refusals = [
      await besideUserSession([KAGO, ...words]),
      await withoutUserSession([KAGO, ...root, ...words]),
      await withoutUserSession([KAGO, ...root, "--systemd-cgroup", ...words]),
    ];
    for (const { code, stderr } of refusals) {
      assertEquals(code, 1);
      assertStringIncludes(stderr, "linux.resources.pids.limit needs a cgroup, and ");
    }
    assertStringIncludes(refusals[0]!.stderr, "is not yours; have this part");
    assertStringIncludes(refusals[2]!.stderr, "the user's systemd cannot be reached");
  });
});

Deno.test("--rootless=false insists on a cgroup", async () => {
  await withBundle({}, async ({ id, path }) => {
    const words = [KAGO, "--rootless=false", "run", "--bundle", path, id];
    const { code, stderr } = await besideUserSession(words);
    assertEquals(code, 1);
    assertStringIncludes(stderr, "permission denied");
  });
});

Deno.test("run.oci.keep_original_groups lets run and exec keep the user's groups, which have no number inside", async () => {
  for (const [value, groups] of [["1", "0 65534"], ["0", "0"]] as const) {
    const config = {
      annotations: { "run.oci.keep_original_groups": value },
      linux: { uidMappings: SUBORDINATE, gidMappings: SUBORDINATE },
    };
    await withBundle({ config }, async ({ id, path }) => {
      await ok(inUserSession(quiet([KAGO, "create", "--bundle", path, id])));
      await ok(inUserSession([KAGO, "start", id]));
      const { pid } = JSON.parse(await ok(inUserSession([KAGO, "state", id])));
      const [, kept] = /^Groups:\t(.*)$/m.exec(await Deno.readTextFile(`/proc/${pid}/status`))!;
      assertEquals(kept!.trim() !== "", value === "1", kept);
      assertEquals(await ok(inUserSession([KAGO, "exec", id, "id", "-G"])), `${groups}\n`);
    });
  }
});
