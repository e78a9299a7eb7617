/**
 * Id-mapped mounts, and binds for user namespaces. Needs root, and a folder for temporary files whose filesystem takes
 * id maps: not the emulated host's, which is a tmpfs on a kernel before 6.3.
 */
import { assertEquals, assertMatch } from "@std/assert";
import { inside, Kago } from "../harness/kago.ts";

/** A folder that only root enters, with a file of uid 1000 in it. */
async function withPrivateFolder(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.mkdir(`${folder}/inner`);
    await Deno.writeTextFile(`${folder}/inner/file`, "");
    await Deno.chown(`${folder}/inner/file`, 1000, 1000);
    await use(`${folder}/inner`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const HOST_MAPPING = [{ containerID: 0, hostID: 100000, size: 65536 }];

Deno.test("an id-mapped bind shows other owners, and the files keep theirs", async () => {
  await withPrivateFolder(async (source) => {
    const mapping = [{ containerID: 1000, hostID: 2000, size: 1 }];
    const mount = { destination: "/mnt", type: "bind", source, options: ["rbind", "idmap"] };
    const mounts = [{ ...mount, uidMappings: mapping, gidMappings: mapping }];
    assertEquals(await inside("stat -c '%u:%g' /mnt/file", { mounts }), "2000:2000\n");
    assertEquals(Deno.statSync(`${source}/file`).uid, 1000);
  });
});

Deno.test("a user namespace gets binds that its root cannot reach, id-mapped by its own mappings", async () => {
  await withPrivateFolder(async (source) => {
    const mount = { destination: "/mnt", type: "bind", source };
    const mounts = [
      { ...mount, destination: "/plain", options: ["rbind"] },
      { ...mount, options: ["rbind", "idmap"] },
    ];
    const namespaces = ["pid", "network", "ipc", "uts", "mount", "user"].map((type) => ({ type }));
    const linux = { namespaces, uidMappings: HOST_MAPPING, gidMappings: HOST_MAPPING };
    const args = ["sh", "-c", "stat -c %u /plain/file /mnt/file"];
    await Kago.with({ args, mounts, config: { linux } }, async (kago) => {
      await giveToNamespace(kago);
      const { code, stdout, stderr } = await kago.foreground();
      assertEquals(code, 0, stderr);
      // 1000 is not mapped, so it shows as nobody; mapped by the namespace's own map it is 1000 inside.
      assertEquals(stdout, "65534\n1000\n");
    });
  });
});

Deno.test("an id-mapped bind takes its mappings from the option idmap=", async () => {
  await withPrivateFolder(async (source) => {
    const options = ["rbind", "idmap=uids=0-0-1#1000-2000-1;gids=1000-3000-1"];
    const mounts = [{ destination: "/mnt", type: "bind", source, options }];
    assertEquals(await inside("stat -c '%u:%g' /mnt/file", { mounts }), "2000:3000\n");
  });
});

/** What the owner of the private folder's file is, bound with the options, where another container's user namespace is joined. */
async function ownerInJoined(source: string, options: readonly string[]): Promise<string> {
  const args = ["stat", "-c", "%u", "/mnt/file"];
  const mounts = [{ destination: "/mnt", type: "bind", source, options }];
  const own = ["pid", "network", "ipc", "uts", "mount"].map((type) => ({ type }));
  const linux = { uidMappings: HOST_MAPPING, gidMappings: HOST_MAPPING };
  const first = { namespaces: [...own, { type: "user" }], ...linux };
  let output = "";
  await Kago.with({ args: ["sleep", "1000"], config: { linux: first } }, async (pod) => {
    await giveToNamespace(pod);
    assertEquals((await pod.create()).code, 0);
    const joined = { type: "user", path: `/proc/${(await pod.state()).pid}/ns/user` };
    const config = { linux: { namespaces: [...own, joined] } };
    await Kago.with({ args, mounts, config }, async (kago) => {
      await giveToNamespace(kago);
      const { code, stdout, stderr } = await kago.foreground();
      assertEquals(code, 0, stderr);
      output = stdout;
    });
  });
  return output;
}

async function giveToNamespace({ bundle }: Kago): Promise<void> {
  await Deno.chmod(bundle.path, 0o755);
  for (const path of ["", "/dev", "/proc", "/sys"]) {
    await Deno.chown(`${bundle.rootfs}${path}`, 100000, 100000);
  }
}

Deno.test("the option idmap takes the mapping of a user namespace that is joined, as with runc", async () => {
  await withPrivateFolder(async (source) => {
    assertEquals(await ownerInJoined(source, ["rbind", "idmap"]), "1000\n");
  });
});

Deno.test("a user namespace that is joined gets binds that its root cannot reach", async () => {
  await withPrivateFolder(async (source) => {
    assertEquals(await ownerInJoined(source, ["rbind"]), "65534\n");
  });
});

Deno.test("a time namespace of a new user namespace has the offsets of config.json", async () => {
  const mapping = [{ containerID: 0, hostID: 100000, size: 65536 }];
  const types = ["pid", "network", "ipc", "uts", "mount", "user", "time"];
  const linux = {
    namespaces: types.map((type) => ({ type })),
    uidMappings: mapping,
    gidMappings: mapping,
    timeOffsets: { monotonic: { secs: 7881, nanosecs: 5 } },
  };
  const output = await inside("cat /proc/self/timens_offsets", { config: { linux } });
  assertMatch(output, /^monotonic +7881 +5$/m);
});

Deno.test("a limit of a user namespace is set in it, as a sysctl", async () => {
  const namespaces = ["pid", "network", "ipc", "uts", "mount", "user"].map((type) => ({ type }));
  const linux = {
    namespaces,
    uidMappings: HOST_MAPPING,
    gidMappings: HOST_MAPPING,
    sysctl: { "user.max_net_namespaces": "3" },
  };
  const args = ["cat", "/proc/sys/user/max_net_namespaces"];
  await Kago.with({ args, config: { linux } }, async (kago) => {
    await Deno.chmod(kago.bundle.path, 0o755);
    for (const path of ["", "/dev", "/proc", "/sys"]) {
      await Deno.chown(`${kago.bundle.rootfs}${path}`, 100000, 100000);
    }
    const { code, stdout, stderr } = await kago.foreground();
    assertEquals(code, 0, stderr);
    assertEquals(stdout, "3\n");
  });
  const before = await Deno.readTextFile("/proc/sys/user/max_net_namespaces");
  assertEquals(before === "3\n", false);
});
