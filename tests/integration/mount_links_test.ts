/** crun's mount options about links: copy-symlink, src-nofollow and dest-nofollow. Needs root. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { Kago } from "../harness/kago.ts";
import type { RunResult } from "../harness/run.ts";

/** What a script says in a container with a bind of the host's `source`, to which the image has been made ready by `plant`. */
async function bound(
  source: string,
  destination: string,
  options: readonly string[],
  script: string,
  plant = (_rootfs: string) => Promise.resolve(),
): Promise<RunResult> {
  const folder = await Deno.makeTempDir();
  await Deno.writeTextFile(`${folder}/file`, "text\n");
  await Deno.symlink("file", `${folder}/link`);
  await Deno.symlink("/no/such/file", `${folder}/dangling`);
  const mount = { destination, source: `${folder}/${source}`, options: ["bind", ...options] };
  let result: RunResult | undefined;
  try {
    await Kago.with({ args: ["sh", "-c", script], mounts: [mount] }, async (kago) => {
      await plant(kago.bundle.rootfs);
      result = await kago.foreground();
    });
    return result!;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const LOOK = "readlink /data; cat /data; grep -c ' /data ' /proc/self/mountinfo";

Deno.test("a bind follows a link that its source is, unless told not to", async () => {
  assertEquals((await bound("link", "/data", [], LOOK)).stdout, "text\n1\n");
  assertEquals((await bound("link", "/data", ["dest-nofollow"], LOOK)).stdout, "text\n1\n");
  const failed = await bound("dangling", "/data", [], LOOK);
  assertEquals(failed.code, 1);
});

Deno.test("copy-symlink makes a link like the source, which may dangle, and mounts nothing", async () => {
  const { stdout } = await bound(
    "dangling",
    "/made/here/data/",
    ["copy-symlink"],
    "readlink /made/here/data",
  );
  assertEquals(stdout, "/no/such/file\n");
  assertEquals((await bound("link", "/data", ["copy-symlink"], LOOK)).stdout, "file\n0\n");
  // What is no link is bound as always.
  assertEquals((await bound("file", "/data", ["copy-symlink"], LOOK)).stdout, "text\n1\n");
});

Deno.test("copy-symlink takes a link of the image that says the same, and replaces nothing else", async () => {
  const planted = (plant: (rootfs: string) => Promise<void>) =>
    bound("link", "/data", ["copy-symlink"], LOOK, plant);
  assertEquals(
    (await planted((rootfs) => Deno.symlink("file", `${rootfs}/data`))).stdout,
    "file\n0\n",
  );
  for (
    const plant of [
      (rootfs: string) => Deno.symlink("files", `${rootfs}/data`),
      (rootfs: string) => Deno.writeTextFile(`${rootfs}/data`, ""),
      (rootfs: string) => Deno.mkdir(`${rootfs}/data`),
    ]
  ) {
    const { code, stderr } = await planted(plant);
    assertEquals(code, 1);
    assertStringIncludes(stderr, "mounts[7]");
    assertStringIncludes(stderr, "file exists");
  }
});

Deno.test("src-nofollow binds the link itself", async () => {
  assertEquals((await bound("link", "/data", ["src-nofollow"], LOOK)).stdout, "file\n1\n");
  const read = "readlink /data";
  assertEquals(
    (await bound("dangling", "/data", ["src-nofollow"], read)).stdout,
    "/no/such/file\n",
  );
});

Deno.test("dest-nofollow covers a link of the image in place of what it leads to", async () => {
  const plant = async (rootfs: string) => {
    await Deno.writeTextFile(`${rootfs}/other`, "other\n");
    await Deno.symlink("/other", `${rootfs}/data`);
  };
  const both = "cat /data /other";
  assertEquals(
    (await bound("file", "/data", ["dest-nofollow"], both, plant)).stdout,
    "text\nother\n",
  );
  assertEquals(
    (await bound("file", "/data/", ["dest-nofollow"], both, plant)).stdout,
    "text\nother\n",
  );
  assertEquals((await bound("file", "/data", [], both, plant)).stdout, "text\ntext\n");
  const links = ["src-nofollow", "dest-nofollow"];
  assertEquals((await bound("link", "/data", links, "readlink /data", plant)).stdout, "file\n");
});

Deno.test("no link is made where the kernel's filesystems and the devices are looked for", async () => {
  for (const destination of ["/dev", "/sys/"]) {
    const { code, stderr } = await bound("dangling", destination, ["copy-symlink"], "true");
    assertEquals(code, 1);
    assertStringIncludes(stderr, "mounts[7]");
  }
});

Deno.test("with a user namespace the links are the host's root's to read", async () => {
  const folder = await Deno.makeTempDir();
  await Deno.symlink("/no/such/file", `${folder}/dangling`);
  const mapping = [{ containerID: 0, hostID: 0, size: 1000 }];
  const namespaces = ["pid", "ipc", "uts", "mount", "user"].map((type) => ({ type }));
  const config = {
    mounts: [
      { destination: "/proc", type: "proc", source: "proc" },
      { destination: "/dev", type: "tmpfs", source: "tmpfs" },
      { destination: "/copied", source: `${folder}/dangling`, options: ["bind", "copy-symlink"] },
      { destination: "/bound", source: `${folder}/dangling`, options: ["bind", "src-nofollow"] },
    ],
    linux: {
      namespaces,
      uidMappings: mapping,
      gidMappings: mapping,
      maskedPaths: [],
      readonlyPaths: [],
    },
  };
  try {
    const script =
      "readlink /copied; readlink /bound; cut -d' ' -f5 < /proc/self/mountinfo | grep -cx /bound";
    await Kago.with({ args: ["sh", "-c", script], config }, async (kago) => {
      const { stdout, stderr } = await kago.foreground();
      assertEquals(stdout, "/no/such/file\n/no/such/file\n1\n", stderr);
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
