/** An ordinary user's containers, with and without a delegated cgroup and a session. Runs inside the systemd host. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { type JsonObject, mergeJson } from "../../harness/bundle.ts";
import { KAGO as BUILT } from "../../harness/kago.ts";
import {
  besideUserSession,
  inUserSession,
  USER,
  USER_RUNTIME_DIR,
  withoutUserSession,
} from "../../harness/ordinary_user.ts";
import { makeRootfs } from "../../harness/rootfs.ts";
import { runOk, type RunResult } from "../../harness/run.ts";

/** Where the user can read it, whatever the repository's folder allows. */
const KAGO = "/usr/local/bin/kago";
await Deno.copyFile(BUILT, KAGO);

const SERVICE = `/user.slice/user-${USER.uid}.slice/user@${USER.uid}.service`;
const SLEEP = ["sleep", "1000"];
let serial = 0;

interface UserBundle {
  readonly id: string;
  readonly path: string;
}

/** The user's own bundle from `kago spec --rootless`, changed. */
async function withBundle(
  { args = SLEEP, config = {} }: {
    readonly args?: readonly string[];
    readonly config?: JsonObject;
  },
  use: (bundle: UserBundle) => Promise<void>,
): Promise<void> {
  const id = `user-test-${serial++}`;
  const path = `${USER.home}/${id}`;
  await makeRootfs(`${path}/rootfs`);
  await runOk(KAGO, ["spec", "--rootless", "--bundle", path]);
  const file = `${path}/config.json`;
  const spec = JSON.parse(await Deno.readTextFile(file));
  for (const map of ["uidMappings", "gidMappings"]) spec.linux[map][0].hostID = USER.uid;
  const process = { process: { terminal: false, args: [...args] } };
  await Deno.writeTextFile(file, JSON.stringify(mergeJson(mergeJson(spec, process), config)));
  await runOk("chown", ["-R", `${USER.uid}:${USER.gid}`, path]);
  try {
    await use({ id, path });
  } finally {
    await besideUserSession([KAGO, "delete", "--force", id]);
    await Deno.remove(path, { recursive: true });
  }
}

/** A create whose container keeps no pipe of ours open. */
function quiet(words: readonly string[]): string[] {
  return [
    "sh",
    "-c",
    '"$@" >/tmp/rootless.out 2>&1 || { cat /tmp/rootless.out >&2; exit 1; }',
    "sh",
    ...words,
  ];
}

async function ok(result: Promise<RunResult>): Promise<string> {
  const { code, stdout, stderr } = await result;
  assertEquals(code, 0, stderr);
  return stdout;
}

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
    for (let i = 0; i < 50; i++) {
      if (JSON.parse(await ok(inUserSession([KAGO, "state", id]))).status === "stopped") break;
    }
    await ok(inUserSession([KAGO, "delete", id]));
    assertEquals([...Deno.readDirSync(`${USER_RUNTIME_DIR}/kago`)].map(({ name }) => name), []);
  });
});

Deno.test("subordinate ids are mapped by newuidmap and newgidmap", async () => {
  const mappings = [{ containerID: 0, hostID: USER.uid, size: 1 }, {
    containerID: 1,
    hostID: 100000,
    size: 65536,
  }];
  const args = ["sh", "-c", "cat /proc/self/uid_map /proc/self/gid_map; id -u; touch /tmp/x"];
  const config = {
    root: { readonly: false },
    process: { user: { uid: 1000, gid: 1000 } },
    linux: { uidMappings: mappings, gidMappings: mappings },
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
      for (let i = 0; i < 40 && await isThere(`/sys/fs/cgroup${cgroup}`); i++) {
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      assert(!await isThere(`/sys/fs/cgroup${cgroup}`), `${cgroup} is left`);
    });
  }
});

async function isThere(path: string): Promise<boolean> {
  try {
    return (await Deno.stat(path)).isDirectory;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

Deno.test("the user's systemd scope has its limits as properties, in user.slice", async () => {
  await withBundle({ config: LIMITS }, async ({ id, path }) => {
    const create = [KAGO, "--systemd-cgroup", "create", "--bundle", path, id];
    // The scope is made by the user's systemd, so the caller needs no delegated cgroup itself.
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
  await withBundle({ args: ["cat", "/proc/self/cgroup"] }, async ({ id, path }) => {
    const run = ["run", "--bundle", path, id];
    const root = ["--root", `${USER.home}/state`];
    await ok(besideUserSession([KAGO, ...run]));
    await ok(withoutUserSession([KAGO, ...root, ...run]));
    await ok(withoutUserSession([KAGO, ...root, "--systemd-cgroup", ...run]));
  });
});

Deno.test("where nothing is delegated, a limit is refused by its name", async () => {
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
    const args = ["sh", "-c", "id -G; exec sleep 1000"];
    const config = { annotations: { "run.oci.keep_original_groups": value } };
    await withBundle({ args, config }, async ({ id, path }) => {
      await ok(inUserSession(quiet([KAGO, "create", "--bundle", path, id])));
      await ok(inUserSession([KAGO, "start", id]));
      assertEquals(await ok(inUserSession([KAGO, "exec", id, "id", "-G"])), `${groups}\n`);
    });
  }
});

Deno.test("an ordinary user of the group kvm runs a microVM, as himself and as a subordinate user", async () => {
  const before = await Deno.stat("/dev/kvm");
  assertEquals((before.mode ?? 0) & 0o777, 0o660);
  const mappings = [
    { containerID: 0, hostID: USER.uid, size: 1 },
    { containerID: 1, hostID: 100000, size: 65536 },
  ];
  const subordinate = { linux: { uidMappings: mappings, gidMappings: mappings } };
  const user = { process: { user: { uid: 7, gid: 8, additionalGids: [9] } } };
  const annotations = { "run.oci.handler": "krun" };
  const args = ["sh", "-c", "id -u; id -G; uname -r; exit 7"];
  for (const [config, ids] of [[{}, "0\n0"], [{ ...subordinate, ...user }, "7\n8 9"]] as const) {
    await withBundle({ args, config: { ...config, annotations } }, async ({ id, path }) => {
      const { code, stdout, stderr } = await inUserSession([KAGO, "run", "--bundle", path, id]);
      assertEquals([code, stdout.split("\n").slice(0, 2).join("\n")], [7, ids], stderr);
      assert(!stdout.includes(Deno.osRelease()), stdout);
    });
  }
  const after = await Deno.stat("/dev/kvm");
  assertEquals([after.mode, after.uid, after.gid], [before.mode, before.uid, before.gid]);
});
