/**
 * Images and mounts that put something else where the kernel's own files should be: /proc and /sys as links, a fake
 * procfs, /dev/null as a link under masked paths.
 */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import type { JsonObject } from "../../scripts/sample/bundle.ts";
import { attack, KINDS, plantLink, PRECIOUS } from "./attack.ts";

const sh = (script: string) => ["/bin/sh", "-c", script];

// CVE-2019-16884, CVE-2019-19921, CVE-2023-27561, CVE-2023-28642: with /proc elsewhere, masks cover nothing.
for (const place of ["proc", "sys"]) {
  for (const target of ["/elsewhere", "elsewhere", "../../../elsewhere"]) {
    attack(
      `a link at /${place} to ${target} is refused with its place in mounts`,
      () => ({ args: sh("echo started") }),
      async ({ rootfs, run }) => {
        await Deno.mkdir(`${rootfs}/elsewhere`);
        await plantLink(target, `${rootfs}/${place}`);
        const { code, stdout, stderr } = await run();
        assertEquals([code, stdout], [1, ""]);
        assertMatch(
          stderr,
          new RegExp(`mounts\\[\\d\\]\\.destination: .*/${place}.* is a link .*symbolic links`),
        );
        assertEquals([...Deno.readDirSync(`${rootfs}/elsewhere`)], []);
      },
    );
  }
}

attack(
  "a link on the way to a procfs mounted elsewhere is refused too",
  () => ({ args: sh("echo started"), mounts: [{ destination: "/a/b", type: "proc" }] }),
  async ({ rootfs, run }) => {
    await Deno.mkdir(`${rootfs}/real`);
    await plantLink("/real", `${rootfs}/a`);
    const { code, stdout, stderr } = await run();
    assertEquals([code, stdout], [1, ""]);
    assertStringIncludes(stderr, "symbolic links");
  },
);

attack(
  "a host's procfs bound to /proc does not go to where the image's link points",
  () => ({ args: sh("echo started") }),
  async ({ kago, rootfs, run }) => {
    const mounts = (kago.bundle.config.mounts as JsonObject[]).map((mount) =>
      mount.destination === "/proc"
        ? { destination: "/proc", type: "bind", source: "/proc", options: ["rbind"] }
        : mount
    );
    const config = JSON.stringify({ ...kago.bundle.config, mounts });
    await Deno.writeTextFile(`${kago.bundle.path}/config.json`, config);
    await Deno.mkdir(`${rootfs}/volume`);
    await plantLink("/volume", `${rootfs}/proc`);
    const { code, stdout, stderr } = await run();
    assertEquals([code, stdout], [1, ""]);
    assertStringIncludes(stderr, "symbolic links");
  },
);

// CVE-2025-31133, CVE-2025-62161: what covers a masked file must be the null device, not what the image calls so.
const MASKED = { process: ["/proc/keys", "/proc/version"], microVM: ["/etc/keys", "/etc/version"] };
for (const kind of KINDS) {
  const [keys, version] = MASKED[kind];
  attack(
    "a /dev/null of the image's own never covers a masked path",
    () => ({
      args: sh(`stat -c '%n %t:%T' ${keys} ${version}; cat ${keys}`),
      config: { linux: { maskedPaths: MASKED[kind] } },
    }),
    async ({ rootfs, run }) => {
      // A microVM's /proc is its guest's to mask, of which the double has none.
      for (const name of ["keys", "version"]) {
        await Deno.writeTextFile(`${rootfs}/etc/${name}`, "x");
      }
      await plantLink("/proc/sys/kernel/core_pattern", `${rootfs}/dev/null`);
      const { code, stdout, stderr } = await run();
      assertEquals(code, 0, stderr);
      assertEquals(stdout, `${keys} 1:3\n${version} 1:3\n`);
    },
    [kind],
  );
}

attack(
  "a device mounted over /dev/null by the bundle never covers a masked path",
  ({ file }) => ({
    args: sh("cat /proc/keys"),
    mounts: [{ destination: "/dev/null", type: "bind", source: file, options: ["bind"] }],
  }),
  async ({ run }) => {
    const { code, stdout, stderr } = await run();
    assertEquals([code, stdout], [1, ""]);
    assertStringIncludes(
      stderr,
      'default devices: \\"/dev/null\\" exists and is not this device',
    );
  },
);

attack(
  "masked and read-only paths of the image's own files stay inside by their links",
  ({ path }) => ({
    args: sh("echo started"),
    config: {
      linux: { maskedPaths: ["/out", "/loop", "/dangling"], readonlyPaths: [`/up${path}`] },
    },
  }),
  async ({ rootfs, victim, run }) => {
    await plantLink(`../../../../../..${victim.file}`, `${rootfs}/out`);
    await plantLink("../../../../../..", `${rootfs}/up`);
    await plantLink("/nowhere", `${rootfs}/dangling`);
    const { code, stdout, stderr } = await run();
    assertEquals([code, stdout], [0, "started\n"], stderr);
    await plantLink("loop", `${rootfs}/loop`);
    const loop = await run();
    assertEquals([loop.code, loop.stdout], [1, ""]);
    assertStringIncludes(loop.stderr, "linux.maskedPaths[1]");
  },
);

// CVE-2025-52881, CVE-2025-62596: what is written to /proc must reach the kernel, and nothing else.
attack(
  "sysctls are not written to a fake procfs, which is no destination",
  ({ folder }) => ({
    args: sh("echo started"),
    mounts: [{ destination: "/proc/sys", type: "bind", source: folder, options: ["bind"] }],
    config: { linux: { sysctl: { "net.ipv4.ip_forward": "1" } } },
  }),
  async ({ victim, run, kind }) => {
    const fake = `${victim.folder}/net/ipv4`;
    await Deno.mkdir(fake, { recursive: true });
    await Deno.writeTextFile(`${fake}/ip_forward`, PRECIOUS);
    const { code, stdout, stderr } = await run();
    assertEquals([code, stdout], [1, ""], `${kind}: ${stderr}`);
    assertStringIncludes(stderr, ".destination: /proc/sys is inside /proc");
    assertEquals(await Deno.readTextFile(`${fake}/ip_forward`), PRECIOUS);
    await Deno.remove(`${victim.folder}/net`, { recursive: true });
  },
);

attack(
  "a link of the image that leads into the procfs is no destination for a fake one",
  ({ folder }) => ({
    args: sh("echo started"),
    mounts: [{ destination: "/link", type: "bind", source: folder, options: ["bind"] }],
    config: { linux: { sysctl: { "kernel.msgmax": "4242" } } },
  }),
  async ({ victim, rootfs, run, kind }) => {
    await Deno.symlink("/proc/sys", `${rootfs}/link`);
    await Deno.mkdir(`${victim.folder}/kernel`);
    await Deno.symlink(victim.file, `${victim.folder}/kernel/msgmax`);
    const { code, stdout, stderr } = await run();
    // A VMM has no procfs for it to lie in, and the guest's is mounted over it.
    if (kind === "microVM") assertEquals([code, stdout], [0, "started\n"], stderr);
    else {
      assertEquals([code, stdout], [1, ""]);
      assertStringIncludes(stderr, ".destination: /link leads into a procfs");
    }
    assertEquals(await Deno.readTextFile(victim.file), PRECIOUS);
    await Deno.remove(`${victim.folder}/kernel`, { recursive: true });
  },
);

attack(
  "a sysctl's name cannot leave /proc/sys or the container's namespaces",
  () => ({ args: sh("echo started") }),
  async ({ kago, run }) => {
    const names = ["net.ipv4/../../../kernel/core_pattern", "net/../kernel/core_pattern"];
    for (const name of [...names, "kernel.core_pattern", "net/ipv4/./ip_forward", "/kernel"]) {
      const linux = { ...kago.bundle.config.linux as JsonObject, sysctl: { [name]: "evil" } };
      const config = JSON.stringify({ ...kago.bundle.config, linux });
      await Deno.writeTextFile(`${kago.bundle.path}/config.json`, config);
      const { code, stdout, stderr } = await run();
      assertEquals([code, stdout], [1, ""], name);
      assertStringIncludes(stderr, "linux.sysctl");
    }
  },
);
