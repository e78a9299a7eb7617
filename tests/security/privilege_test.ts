/** Rights that a container must not come by: capabilities, set-id programs, device nodes, its own cgroup. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { KAGO } from "../harness/kago.ts";
import { run, runOk } from "../harness/run.ts";
import { attack, rewriteConfig } from "./attack.ts";
import { compileProgram } from "./compile.ts";

const sh = (script: string) => ["/bin/sh", "-c", script];
const caps = (...names: string[]) => ({ bounding: names, permitted: names, effective: names });

// CVE-2022-29162, CVE-2022-27650: neither added by the runtime nor taken over from its caller.
attack(
  "inheritable and ambient capabilities are empty, whatever the caller's are",
  () => ({ args: ["/bin/tell_caps"] }),
  async ({ kind, kago, rootfs }) => {
    await compileProgram("tell_caps", `${rootfs}/bin/tell_caps`);
    const words = [
      KAGO,
      "--root",
      kago.root,
      ...kago.globals,
      "run",
      "--bundle",
      kago.bundle.path,
      kago.id,
    ];
    const full = ["--inh-caps", "+chown,+kill", "--ambient-caps", "+chown,+kill", "--"];
    // The caller has them, otherwise this would show nothing.
    const caller = await runOk("setpriv", [...full, "cat", "/proc/self/status"]);
    assert(!/CapInh:\t0{16}/.test(caller), caller);
    const { code, stdout, stderr } = await run("setpriv", [...full, ...words]);
    assertEquals(code, 0, stderr);
    assertMatch(stdout, /CapInh:\t0{16}\n/);
    assertMatch(stdout, /CapAmb:\t0{16}\n/);
    // The double's guest has what its VMM has (vmm_jail_test.ts).
    const bounding = kind === "process" ? "0000000020000420" : "0000000000000400";
    assertMatch(stdout, new RegExp(`CapBnd:\t${bounding}\n`));
  },
);

attack(
  "a container without capabilities in its spec has none at all",
  () => ({ args: ["/bin/tell_caps"] }),
  async ({ kago, run, rootfs }) => {
    await compileProgram("tell_caps", `${rootfs}/bin/tell_caps`);
    const { capabilities: _, ...process } = kago.bundle.config.process as Record<string, unknown>;
    await rewriteConfig(kago, { process });
    const { stdout, stderr } = await run();
    for (const set of ["Inh", "Prm", "Eff", "Bnd", "Amb"]) {
      assertMatch(stdout, new RegExp(`Cap${set}:\t0{16}\n`), stderr);
    }
  },
);

attack(
  "a set-id program gives nothing under no_new_privs",
  () => ({
    args: ["/bin/tell_ids"],
    config: { process: { user: { uid: 1000, gid: 1000 } } },
  }),
  async ({ kago, rootfs, run }) => {
    const program = `${rootfs}/bin/tell_ids`;
    await compileProgram("tell_ids", program);
    await Deno.chmod(program, 0o6755);
    const { stdout, stderr } = await run();
    assertEquals(stdout, "1000:1000\n", stderr);
    const process = { ...kago.bundle.config.process as Record<string, unknown> };
    await rewriteConfig(kago, { process: { ...process, noNewPrivileges: false } });
    // The program works: without no_new_privs it does give them.
    assertEquals((await run()).stdout, "0:0\n");
  },
);

attack(
  "device nodes of the image's own and new ones are not to be opened",
  () => ({
    args: sh(
      "cat /disk /etc/mem; mknod /made c 1 1; cat /made; mknod /dev/made b 7 0; cat /dev/made; " +
        "head -c 1 /dev/zero | wc -c",
    ),
    config: { process: { capabilities: caps("CAP_MKNOD", "CAP_DAC_OVERRIDE") } },
  }),
  async ({ rootfs, run }) => {
    await runOk("mknod", [`${rootfs}/disk`, "b", "7", "0"]);
    await runOk("mknod", [`${rootfs}/etc/mem`, "c", "1", "1"]);
    const { stdout, stderr } = await run();
    assertEquals(stdout, "1\n");
    for (const path of ["/disk", "/etc/mem", "/made", "/dev/made"]) {
      assertStringIncludes(stderr, `cat: can't open '${path}': Operation not permitted`);
    }
  },
);

const INSIDE_CGROUPS = `
  for folder in /sys/fs/cgroup /sys/fs/cgroup/*; do
    mkdir $folder/made 2>/dev/null && echo made in $folder
    for file in $folder/release_agent $folder/notify_on_release $folder/cgroup.procs; do
      [ -e $file ] && echo 0 2>/dev/null > $file && echo wrote $file
    done
  done
  ls -d /sys/fs/cgroup/release_agent /sys/fs/cgroup/*/release_agent 2>/dev/null
  echo looked`;

// CVE-2023-25809, for which a cgroup namespace was left out.
for (const cgroup of ["new", "shared"]) {
  for (const user of ["root", "mapped"]) {
    const types = ["pid", "network", "ipc", "uts", "mount"];
    if (cgroup === "new") types.push("cgroup");
    if (user === "mapped") types.push("user");
    const mapping = [{ containerID: 0, hostID: 100000, size: 65536 }];
    attack(
      `a read-only cgroup mount takes no writes (${cgroup} cgroup namespace, ${user} ids)`,
      () => ({
        args: sh(INSIDE_CGROUPS),
        config: {
          process: { capabilities: caps("CAP_DAC_OVERRIDE", "CAP_CHOWN") },
          linux: {
            namespaces: types.map((type) => ({ type })),
            ...(user === "mapped" ? { uidMappings: mapping, gidMappings: mapping } : {}),
          },
        },
      }),
      async ({ kago, run }) => {
        if (user === "mapped") await runOk("chown", ["-R", "100000:100000", kago.bundle.rootfs]);
        const { code, stdout, stderr } = await run();
        assertEquals([code, stdout], [0, "looked\n"], stderr);
      },
      ["process"],
    );
  }
}

attack(
  "a writable cgroup mount without a namespace shows the container's own cgroup only",
  () => ({
    args: sh("ls -d /sys/fs/cgroup/*/release_agent /sys/fs/cgroup/*/user.slice; ls /sys/fs/cgroup"),
    config: {
      linux: {
        namespaces: ["pid", "network", "ipc", "uts", "mount"].map((type) => ({ type })),
      },
    },
  }),
  async ({ kago, run }) => {
    const mounts = (kago.bundle.config.mounts as Record<string, unknown>[]).map((mount) =>
      mount.type === "cgroup" ? { ...mount, options: ["rw", "nosuid", "noexec", "nodev"] } : mount
    );
    await rewriteConfig(kago, { mounts });
    const { stdout, stderr } = await run();
    assertEquals(stdout.includes("release_agent"), false, stderr);
    // No other container's, none of the host's folders.
    assertEquals(stdout.includes(kago.id), false);
  },
  ["process"],
);
