/** What the process inside a plain container sees and may do. Needs root. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import type { BundleOptions } from "../../scripts/sample/bundle.ts";
import { isThere } from "../../runtime/common/files.ts";
import { inside, KAGO, Kago } from "../harness/kago.ts";
import { run } from "../harness/run.ts";

Deno.test("args, env and cwd arrive byte for byte", async () => {
  const args = [
    "sh",
    "-c",
    'for a in "$@"; do printf "<%s>" "$a"; done; printf "{%s}" "$X"; pwd',
    "x",
  ];
  const odd = ["a b", "", "q\"uo'te", "ü\n€", "--", "-x"];
  await Kago.with(
    { args: [...args, ...odd], env: ['X=1 "2"\n3'], cwd: "/made/here" },
    async (kago) => {
      const { stdout } = await kago.foreground();
      assertEquals(stdout, `${odd.map((word) => `<${word}>`).join("")}{1 "2"\n3}/made/here\n`);
    },
  );
});

Deno.test("an empty HOME is that of the image's passwd, as with runc; only one that says something is kept", async () => {
  for (const [home, expected] of [["", "/home/of-root"], ["/said", "/said"]]) {
    const options = { args: ["sh", "-c", "env | grep HOME"], env: [`HOME=${home}`] };
    await Kago.with(options, async (kago) => {
      await Deno.writeTextFile(`${kago.bundle.rootfs}/etc/passwd`, "root:x:0:0::/home/of-root:\n");
      assertEquals((await kago.foreground()).stdout, `HOME=${expected}\n`);
      assertEquals((await kago.create()).code, 0);
      const exec = await kago.run("exec", "--env", "HOME=", kago.id, "sh", "-c", "echo $HOME");
      assertEquals(exec.stdout, "/home/of-root\n");
    });
  }
});

Deno.test("uid, gid, groups and umask are the spec's", async () => {
  const user = { uid: 1000, gid: 1001, additionalGids: [5, 7], umask: 0o077 };
  const output = await inside("id -u; id -g; id -G; umask; touch /tmp/f; stat -c %a /tmp/f", {
    config: { process: { user } },
  });
  assertEquals(output, "1000\n1001\n1001 5 7\n0077\n600\n");
});

Deno.test("capabilities are set in all five sets, no_new_privs and the signal mask are clean", async () => {
  const capabilities = {
    bounding: ["CAP_KILL", "CAP_CHOWN", "CAP_SETUID"],
    permitted: ["CAP_KILL", "CAP_CHOWN"],
    effective: ["CAP_KILL"],
    inheritable: ["CAP_KILL"],
    ambient: ["CAP_KILL"],
  };
  let output = "";
  const config = { process: { capabilities, user: { uid: 1000, gid: 1000 } } };
  // Not by a shell, which has signal handling of its own.
  await Kago.with({ args: ["cat", "/proc/self/status"], config }, async (kago) => {
    output = (await kago.foreground()).stdout;
  });
  // After the exec by a user other than root the permitted set is the ambient one (capabilities(7)).
  assertMatch(
    output,
    /CapInh:\t0000000000000020\nCapPrm:\t0000000000000020\nCapEff:\t0000000000000020/,
  );
  assertMatch(output, /CapBnd:\t00000000000000a1\nCapAmb:\t0000000000000020/);
  assertMatch(output, /NoNewPrivs:\t1/);
  assertMatch(output, /SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000/);
});

Deno.test("only the three standard descriptors are open", async () => {
  // The fourth is the folder that ls reads.
  assertEquals(await inside("ls /proc/self/fd"), "0\n1\n2\n3\n");
});

Deno.test("namespaces are new, and the pid is 1", async () => {
  const output = await inside(
    "echo $$; for n in pid net ipc uts mnt cgroup; do readlink /proc/self/ns/$n; done; hostname",
  );
  const [pid, ...links] = output.trim().split("\n");
  assertEquals(pid, "1");
  assertEquals(links.pop(), "test");
  const own = ["pid", "net", "ipc", "uts", "mnt", "cgroup"].map((n) =>
    Deno.readLinkSync(`/proc/self/ns/${n}`)
  );
  assertEquals(links.filter((link) => own.includes(link)), []);
});

Deno.test("a namespace is joined by its path, and a wrong type is refused", async () => {
  const namespaces = (path: string) => [
    ...["pid", "ipc", "uts", "mount"].map((type) => ({ type })),
    { type: "network", path },
  ];
  const output = await inside("readlink /proc/self/ns/net", {
    config: { linux: { namespaces: namespaces("/proc/self/ns/net") } },
  });
  assertEquals(output.trim(), Deno.readLinkSync("/proc/self/ns/net"));
  const wrong = { config: { linux: { namespaces: namespaces("/proc/self/ns/uts") } } };
  await Kago.with(wrong, async (kago) => {
    const result = await kago.foreground();
    assertEquals(result.code, 1);
    assertStringIncludes(
      result.stderr,
      'linux.namespaces[4].path: \\"/proc/self/ns/uts\\" is not a namespace of this type',
    );
  });
});

Deno.test("devices, links and masked paths are as the spec has them", async () => {
  const output = await inside(`
    for d in null zero full random urandom tty; do stat -c '%n %a %t:%T' /dev/$d; done
    for l in fd stdin stdout stderr ptmx; do readlink /dev/$l; done
    echo x > /dev/null && echo writable
    ls /sys/firmware | wc -l; wc -c < /proc/keys`);
  assertEquals(
    output,
    "/dev/null 666 1:3\n/dev/zero 666 1:5\n/dev/full 666 1:7\n/dev/random 666 1:8\n/dev/urandom 666 1:9\n" +
      "/dev/tty 666 5:0\n/proc/self/fd\n/proc/self/fd/0\n/proc/self/fd/1\n/proc/self/fd/2\npts/ptmx\n" +
      "writable\n0\n0\n",
  );
});

Deno.test("a read-only root and read-only paths refuse writes", async () => {
  const output = await inside(
    "touch /x 2>&1; echo 1 > /proc/sys/kernel/domainname; cat /proc/mounts",
    {
      config: { root: { readonly: true } },
    },
  );
  assertStringIncludes(output, "touch: /x: Read-only file system");
  assertMatch(output, /^proc \/proc\/sys proc ro,/m);
});

Deno.test("bind mounts make their target, file or folder, with their options", async () => {
  const folder = await Deno.makeTempDir();
  await Deno.writeTextFile(`${folder}/file`, "contents\n");
  const mounts = [
    { destination: "/new/folder", type: "bind", source: folder, options: ["rbind", "ro"] },
    {
      destination: "/etc/deep/file",
      type: "bind",
      source: `${folder}/file`,
      options: ["bind", "noexec"],
    },
    {
      destination: "/scratch",
      type: "tmpfs",
      source: "tmpfs",
      options: ["size=1m", "mode=0700", "noexec"],
    },
  ];
  const script =
    "cat /new/folder/file /etc/deep/file; touch /new/folder/x 2>&1; grep -E 'scratch|deep' /proc/mounts";
  const output = await inside(script, { mounts });
  await Deno.remove(folder, { recursive: true });
  assertStringIncludes(output, "contents\ncontents\ntouch: /new/folder/x: Read-only file system\n");
  assertMatch(output, /\/etc\/deep\/file \S+ rw,noexec/);
  assertMatch(output, /^tmpfs \/scratch tmpfs rw,noexec,relatime,size=1024k,mode=700/m);
});

Deno.test("tmpcopyup shows the image's files in the tmpfs", async () => {
  const mounts = [{ destination: "/etc", type: "tmpfs", source: "tmpfs", options: ["tmpcopyup"] }];
  const output = await inside("touch /etc/new && cat /etc/group && stat -f -c %T /etc", { mounts });
  assertStringIncludes(output, "root:x:0:\n");
  assertStringIncludes(output, "tmpfs");
});

Deno.test("sysctl, rlimits, oom score, hostname and domainname are set", async () => {
  const output = await inside(
    "cat /proc/sys/net/ipv4/ip_forward /proc/sys/kernel/domainname /proc/self/oom_score_adj; ulimit -n; hostname",
    {
      config: {
        hostname: "boxed",
        domainname: "example.test",
        linux: { sysctl: { "net.ipv4.ip_forward": "1" } },
        process: { oomScoreAdj: 321, rlimits: [{ type: "RLIMIT_NOFILE", soft: 99, hard: 100 }] },
      },
    },
  );
  assertEquals(output, "1\nexample.test\n321\n99\nboxed\n");
});

Deno.test("a user namespace maps ids and still gets its devices", async () => {
  const mapping = [{ containerID: 0, hostID: 100000, size: 65536 }];
  const options: BundleOptions = {
    args: ["sh", "-c", "cat /proc/self/uid_map; id -u; echo x > /dev/null; stat -c %u /root-file"],
    config: {
      process: { user: { uid: 0, gid: 0 } },
      linux: {
        namespaces: ["pid", "network", "ipc", "uts", "mount", "user"].map((type) => ({ type })),
        uidMappings: mapping,
        gidMappings: mapping,
      },
    },
  };
  await Kago.with(options, async (kago) => {
    await Deno.chmod(kago.bundle.path, 0o755);
    const { rootfs } = kago.bundle;
    await Deno.writeTextFile(`${rootfs}/root-file`, "");
    for (
      const path of [
        rootfs,
        ...["dev", "proc", "sys", "root-file"].map((name) => `${rootfs}/${name}`),
      ]
    ) {
      await Deno.chown(path, 100000, 100000);
    }
    const { code, stdout, stderr } = await kago.foreground();
    assertEquals(code, 0, stderr);
    assertMatch(stdout, /^ +0 +100000 +65536\n0\n0\n$/);
  });
});

Deno.test("pids, memory and cpu limits reach the cgroup, which goes with the container", async () => {
  const resources = {
    pids: { limit: 37 },
    memory: { limit: 64 << 20 },
    cpu: { shares: 512, quota: 50000, period: 100000 },
  };
  await Kago.with({ args: ["sleep", "1000"], config: { linux: { resources } } }, async (kago) => {
    const created = await kago.create();
    assertEquals(created.code, 0, created.stdout);
    const read = (file: string) =>
      kago.cgroups().flatMap((folder) => {
        try {
          return [Deno.readTextFileSync(`${folder}/${file}`).trim()];
        } catch {
          return [];
        }
      });
    assertEquals(read("pids.max"), ["37"]);
    const v1 = read("memory.limit_in_bytes");
    assertEquals(v1.length > 0 ? v1 : read("memory.max"), [`${64 << 20}`]);
    const quota = read("cpu.cfs_quota_us");
    assertEquals(quota.length > 0 ? quota : read("cpu.max"), [
      quota.length > 0 ? "50000" : "50000 100000",
    ]);
    await kago.run("delete", "--force", kago.id);
    assertEquals(kago.cgroups(), []);
  });
});

Deno.test("the runtime's own file is not what /proc/self/exe names inside", async () => {
  // CVE-2019-5736: a container whose program is /proc/self/exe would run, and could overwrite, the runtime.
  await Kago.with({ args: ["/proc/self/exe", "--version"] }, async (kago) => {
    const { code, stdout, stderr } = await kago.foreground();
    assertEquals(code, 1);
    assertEquals(stdout, "");
    assertStringIncludes(stderr, "stages are started by kago itself");
  });
});

Deno.test("HOME comes from the image's passwd, unless the config has one", async () => {
  const user = { uid: 1000, gid: 1000 };
  assertEquals(await inside("echo $HOME"), "/root\n");
  assertEquals(await inside("echo $HOME", { config: { process: { user } } }), "/home\n");
  assertEquals(await inside("echo $HOME", { env: ["HOME=/else"] }), "/else\n");
  assertEquals(
    await inside("echo $HOME", { config: { process: { user: { uid: 77, gid: 0 } } } }),
    "/\n",
  );
});

Deno.test("I/O priority, scheduler and personality are the spec's", async () => {
  const output = await inside("ionice; cut -d' ' -f19,41 /proc/self/stat; uname -m", {
    config: {
      process: {
        ioPriority: { class: "IOPRIO_CLASS_BE", priority: 5 },
        scheduler: { policy: "SCHED_BATCH", nice: 7 },
      },
      linux: { personality: { domain: "LINUX32" } },
    },
  });
  assertEquals(output, "best-effort: prio 5\n7 3\ni686\n");
});

/** Younger than profiles that are still in use. */
const NEW_SYSCALLS = ["faccessat2", "close_range", "openat2", "clone3", "fchmodat2", "statx"];

Deno.test("a profile older than the kernel's newest calls keeps no program from being found and run", async () => {
  const seccomp = {
    defaultAction: "SCMP_ACT_ALLOW",
    syscalls: [{ names: NEW_SYSCALLS, action: "SCMP_ACT_ERRNO", errnoRet: 1 }],
  };
  for (const noNewPrivileges of [true, false]) {
    const config = { linux: { seccomp }, process: { noNewPrivileges } };
    assertEquals(await inside("grep ^Seccomp: /proc/self/status", { config }), "Seccomp:\t2\n");
  }
});

Deno.test("a masked file is not a way to the host's /dev/null", async () => {
  const capabilities = ["CAP_FOWNER", "CAP_CHOWN", "CAP_DAC_OVERRIDE"];
  const sets = { bounding: capabilities, permitted: capabilities, effective: capabilities };
  const before = Deno.statSync("/dev/null").mode;
  const script = "chmod 660 /proc/keys; chown 1 /proc/keys; echo x > /proc/keys && echo written";
  const output = await inside(`(${script}) 2>&1`, { config: { process: { capabilities: sets } } });
  assertEquals(Deno.statSync("/dev/null").mode, before);
  assertEquals(Deno.statSync("/dev/null").uid, 0);
  assertEquals(output.match(/Read-only file system/g)?.length, 2);
  assertStringIncludes(output, "written");
});

Deno.test("of a variable that is given twice the last value counts", async () => {
  assertEquals(await inside("env | grep TWICE", { env: ["TWICE=1", "TWICE=2"] }), "TWICE=2\n");
});

Deno.test("a leaked descriptor of the host leads the program nowhere", async () => {
  // CVE-2024-21626: a program below /proc/self/fd/N, where N is a folder of the host.
  await Kago.with({ args: ["/proc/self/fd/7/bin/busybox", "true"] }, async (kago) => {
    const command =
      `exec 7</; exec ${KAGO} --root ${kago.root} run -b ${kago.bundle.path} ${kago.id}`;
    const { code, stderr } = await run("sh", ["-c", command]);
    assertEquals(code, 1);
    assertStringIncludes(stderr, "no such file or directory");
  });
});

Deno.test("a root filesystem that is a link is the folder it names", async () => {
  const args = ["sh", "-c", "cat /mark; touch /made"];
  await Kago.with({ args, config: { root: { path: "link" } } }, async (kago) => {
    const { path } = kago.bundle;
    await Deno.rename(`${path}/rootfs`, `${path}/elsewhere`);
    await Deno.symlink("elsewhere", `${path}/link`);
    await Deno.writeTextFile(`${path}/elsewhere/mark`, "the folder\n");
    const { code, stdout, stderr } = await kago.foreground();
    assertEquals([code, stdout], [0, "the folder\n"], stderr);
    assert(isThere(`${path}/elsewhere/made`));
  });
});
