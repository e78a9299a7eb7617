/** Images whose links and names try to lead a mount, a device or the working directory out of the root filesystem. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { runOk } from "../harness/run.ts";
import { attack, plantLink, PRECIOUS } from "./attack.ts";

const sh = (script: string) => ["/bin/sh", "-c", script];
const scratch = (destination: string) => ({ destination, type: "tmpfs", source: "tmpfs" });

// CVE-2019-18837: a destination that is a link is followed inside the root, whatever it says.
attack(
  "a mount through links and .. lands inside",
  ({ folder, file }) => ({
    args: sh(`grep -c ' tmpfs ' /proc/mounts; ls ${folder}; cat ${file}`),
    mounts: [
      scratch(`/../../../../../../..${folder}`),
      scratch("/absolute"),
      scratch("/relative"),
      scratch("/magic"),
      { destination: "/bound", type: "bind", source: file, options: ["bind", "ro"] },
    ],
  }),
  async ({ rootfs, victim, run }) => {
    await plantLink(victim.folder, `${rootfs}/absolute`);
    await plantLink(`../../../../../../..${victim.folder}`, `${rootfs}/relative`);
    await plantLink(`/${"../".repeat(20)}${victim.path}/new`, `${rootfs}/magic`);
    await plantLink(`/..${victim.file}`, `${rootfs}/bound`);
    const { code, stdout, stderr } = await run();
    assertEquals(code, 0, stderr);
    assertStringIncludes(stdout, PRECIOUS);
    assert(Deno.statSync(`${rootfs}${victim.path}/new`).isDirectory, "made inside");
  },
);

attack(
  "a link that is copied, and one that is covered, lie inside wherever the image's links lead",
  ({ folder, file }) => ({
    args: sh(`readlink ${folder}/up; cat ${folder}/covered`),
    mounts: [
      { destination: "/out/up", source: `${folder}/../up`, options: ["bind", "copy-symlink"] },
      { destination: "/out/covered", source: file, options: ["bind", "dest-nofollow"] },
    ],
  }),
  async ({ rootfs, victim, run }) => {
    await plantLink(`../../../../../../..${victim.folder}`, `${rootfs}/out`);
    await Deno.mkdir(`${rootfs}${victim.folder}`, { recursive: true });
    await plantLink(victim.file, `${rootfs}${victim.folder}/covered`);
    await Deno.symlink("/etc/shadow", `${victim.path}/up`);
    const { code, stdout, stderr } = await run();
    await Deno.remove(`${victim.path}/up`);
    assertEquals(code, 0, stderr);
    assertEquals(stdout, `/etc/shadow\n${PRECIOUS}`);
    assertEquals(await Deno.readLink(`${rootfs}${victim.folder}/up`), "/etc/shadow");
  },
);

// The magic links of the host's /proc: the image names a descriptor of the runtime's, or its root.
for (const link of ["/proc/self/root", "/proc/1/root", "/proc/self/cwd", "/proc/self/fd/4"]) {
  attack(
    `a destination through ${link} is refused`,
    ({ folder }) => ({
      args: sh("echo started"),
      mounts: [{ destination: "/out", type: "bind", source: folder, options: ["bind"] }],
    }),
    async ({ rootfs, victim, run }) => {
      await plantLink(`${link}${victim.folder}`, `${rootfs}/out`);
      const { code, stdout, stderr } = await run();
      assertEquals([code, stdout], [1, ""]);
      assertStringIncludes(stderr, "mounts[7].destination: ");
    },
    ["process"],
  );
  attack(
    `a destination through ${link} leads to an empty folder`,
    ({ folder }) => ({
      args: sh("echo started; ls -A /proc"),
      mounts: [{ destination: "/out", type: "bind", source: folder, options: ["bind"] }],
    }),
    async ({ rootfs, victim, run }) => {
      await plantLink(`${link}${victim.folder}`, `${rootfs}/out`);
      const { code, stdout, stderr } = await run();
      assertEquals(code, 0, stderr);
      assertMatch(stdout, /^started\n(1\n)?self\n$/);
    },
    ["microVM"],
  );
}

attack(
  "chains of dangling links end in a mount inside or an error, never in a hang",
  () => ({ args: sh("echo started"), mounts: [scratch("/chain")] }),
  async ({ rootfs, run }) => {
    const chain = async (length: number) => {
      for (let i = 0; i < length; i++) {
        await plantLink(`/chain${i + 1}`, `${rootfs}/chain${i || ""}`);
      }
    };
    await plantLink("/chain1/../chain1/x", `${rootfs}/chain`);
    await plantLink("/chain2/y", `${rootfs}/chain1`);
    const { code, stderr } = await run();
    assertEquals(code, 0, stderr);
    assert(Deno.statSync(`${rootfs}/chain2`).isDirectory);
    await Deno.remove(`${rootfs}/chain2`, { recursive: true });
    await chain(60);
    const long = await run();
    assertEquals([long.code, long.stdout], [1, ""]);
    assertStringIncludes(long.stderr, "mounts[7]");
    await plantLink("/chain/chain/chain", `${rootfs}/chain`);
    const endless = await run();
    assertEquals([endless.code, endless.stdout], [1, ""]);
    assertStringIncludes(endless.stderr, "symbolic links");
  },
);

attack(
  "a working directory through a link is made inside",
  () => ({ args: ["/bin/pwd"], cwd: "/link/deep" }),
  async ({ rootfs, victim, run }) => {
    await plantLink(`../../../../../..${victim.path}/made`, `${rootfs}/link`);
    await Deno.mkdir(`${rootfs}${victim.path}/made`, { recursive: true });
    const { code, stdout, stderr } = await run();
    assertEquals([code, stdout], [0, `${victim.path}/made/deep\n`], stderr);
  },
);

attack(
  "a root filesystem that is a link is looked up once: another target later changes nothing",
  () => ({ args: sh("echo started; ls /") }),
  async ({ kago, rootfs, victim }) => {
    await Deno.rename(rootfs, `${kago.bundle.path}/real`);
    await Deno.symlink("real", rootfs);
    const output = `${kago.bundle.path}/output`;
    const options = ["--bundle", kago.bundle.path, kago.id];
    const created = await kago.runWith({ output }, "create", ...options);
    assertEquals(created.code, 0, created.stdout);
    await plantLink(victim.path, rootfs);
    const started = await kago.run("start", kago.id);
    assertEquals(started.code, 0, started.stderr);
    await kago.until("stopped");
    assertMatch(kago.output(), /started\nbin\n/);
    await plantLink("real", rootfs);
  },
);

attack(
  "folders deeper than a path can be are no destination, and no hang",
  () => ({ args: sh("echo started"), mounts: [scratch("/deep" + "/d".repeat(2000))] }),
  async ({ rootfs, run }) => {
    // 5000 levels, more than a path can name: grown from the bottom.
    const levels = "/d".repeat(1000);
    await Deno.mkdir(`${rootfs}/deep${levels}`, { recursive: true });
    for (let i = 0; i < 4; i++) {
      await Deno.mkdir(`${rootfs}/more${levels}`, { recursive: true });
      await Deno.rename(`${rootfs}/deep`, `${rootfs}/more${levels}/d`);
      await Deno.rename(`${rootfs}/more`, `${rootfs}/deep`);
    }
    try {
      const { code, stdout, stderr } = await run();
      assertEquals([code, stdout], [0, "started\n"], stderr);
    } finally {
      await runOk("rm", ["-rf", `${rootfs}/deep`]);
    }
  },
);

attack(
  "tmpcopyup gives up on a tree without end, and copies nothing through links",
  () => ({
    args: sh("echo started"),
    mounts: [{ ...scratch("/copied"), options: ["tmpcopyup"] }],
  }),
  async ({ rootfs, victim, run }) => {
    await Deno.mkdir(`${rootfs}/copied`);
    await Deno.symlink(victim.path, `${rootfs}/copied/link`);
    const { code, stderr } = await run();
    assertEquals(code, 0, stderr);
    await Deno.mkdir(`${rootfs}/copied${"/d".repeat(1000)}`, { recursive: true });
    const deep = await run();
    assertEquals([deep.code, deep.stdout], [1, ""]);
    assertStringIncludes(deep.stderr, "mounts[7]");
  },
);
