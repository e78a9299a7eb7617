/** The guest agent against the real libkrun: the process is as the spec says, and the root stays unchanged. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import type { BundleOptions } from "../../../scripts/sample/bundle.ts";
import { Kago } from "../../harness/kago.ts";
import { runOk, type RunResult } from "../../harness/run.ts";
import { UNRESTRICTED } from "../../harness/unrestricted.ts";

const KRUN = { "run.oci.handler": "krun", "krun.ram_mib": "256" };

/** `kago run` of a script in a microVM; `prepare` may change the bundle before. */
async function guest(
  script: string,
  options: BundleOptions,
  use: (result: RunResult, kago: Kago) => Promise<void> | void,
  prepare: (kago: Kago) => Promise<unknown> = async () => {},
): Promise<void> {
  const args = options.args ?? ["/bin/sh", "-c", script];
  await Kago.with({ annotations: KRUN, ...options, args }, async (kago) => {
    await prepare(kago);
    const result = await kago.runWith({ timeout: 90 }, "run", "-b", kago.bundle.path, kago.id);
    await use(result, kago);
  });
}

/** Every file of a tree with its mode, owner and contents. */
async function describeTree(path: string): Promise<string> {
  const script = 'cd "$0" && find . -exec stat -c "%n %A %u:%g %h %Y %F" {} + | sort; ' +
    "find . -type f -exec sha256sum {} + | sort";
  return await runOk("sh", ["-c", script, path]);
}

Deno.test("args and env reach the guest byte for byte", async () => {
  const odd = [
    '"',
    '""',
    "",
    "a b",
    "new\nline",
    "\t",
    "\\n",
    "é漢😀",
    "'",
    "$HOME",
    "*",
    "env",
    "args",
  ];
  const long = "x".repeat(100 * 1024);
  const args = [
    "/bin/sh",
    "-c",
    'printf "%s\\0" "$0" "$@" > /args; cat /proc/1/environ > /env',
    ...odd,
    long,
  ];
  const env = [
    ...odd.map((value, index) => `V${index}=${value}`),
    `LONG=${"y".repeat(30000)}`,
    "E=",
  ];
  await guest("", { args, env }, async ({ code, stderr }, kago) => {
    assertEquals(code, 0, stderr);
    const read = async (name: string) =>
      (await Deno.readTextFile(`${kago.bundle.rootfs}/${name}`)).split("\0").slice(0, -1);
    assertEquals(await read("args"), [...odd, long]);
    const seen = (await read("env")).filter((entry) => /^(V\d+|LONG|E)=/.test(entry));
    // The shell may print its variables in another order.
    assertEquals(seen.sort(), env.toSorted());
  });
});

Deno.test("user, groups, umask, capabilities, limits, oom_score_adj, names and cwd are the spec's", async () => {
  const process = {
    user: { uid: 1000, gid: 1001, additionalGids: [7, 8], umask: 0o027 },
    capabilities: {
      bounding: ["CAP_KILL", "CAP_CHOWN"],
      permitted: ["CAP_KILL"],
      inheritable: ["CAP_KILL"],
      effective: ["CAP_KILL"],
      ambient: ["CAP_KILL"],
    },
    rlimits: [{ type: "RLIMIT_NOFILE", soft: 111, hard: 222 }, {
      type: "RLIMIT_CORE",
      soft: 0,
      hard: 4096,
    }],
    oomScoreAdj: 321,
  };
  const script = "cat /proc/self/status /proc/self/limits; umask; pwd; hostname; echo oom " +
    "$(cat /proc/self/oom_score_adj); echo home $HOME; echo pid $$; echo again > /dev/stdout; " +
    "cat /proc/self/cgroup";
  await guest(script, { config: { process }, cwd: "/made/here" }, ({ code, stdout, stderr }) => {
    assertEquals(code, 0, stderr);
    assertMatch(stdout, /^Uid:\t1000\t1000\t1000\t1000$/m);
    assertMatch(stdout, /^Gid:\t1001\t1001\t1001\t1001$/m);
    assertMatch(stdout, /^Groups:\t7 8 $/m);
    for (const set of ["Inh", "Prm", "Eff", "Amb"]) {
      assertMatch(stdout, new RegExp(`^Cap${set}:\t0{14}20$`, "m"));
    }
    assertMatch(stdout, /^CapBnd:\t0{14}21$/m);
    assertMatch(stdout, /^NoNewPrivs:\t1$/m);
    assertMatch(stdout, /^Max open files +111 +222 /m);
    assertMatch(stdout, /^Max core file size +0 +4096 /m);
    const tail = ["0027", "/made/here", "test", "oom 321", "home /home", "pid 1", "again", "0::/"];
    assertEquals(stdout.trimEnd().split("\n").slice(-tail.length), tail);
  });
});

Deno.test("the guest's own mounts, binds with their flags, and files below them are as the spec says", async () => {
  const bind = (source: string, destination: string, ...options: string[]) => ({
    destination,
    type: "bind",
    source,
    options: ["bind", ...options],
  });
  const mounts = [
    {
      destination: "/scratch",
      type: "tmpfs",
      source: "tmpfs",
      options: ["size=4096k", "mode=1770"],
    },
    bind("volume", "/scratch/volume"),
    bind("volume", "/readonly", "ro", "noexec", "nosuid"),
    bind("volume/file", "/scratch/file", "ro"),
  ];
  const script = `
    grep -E ' /(proc|sys|dev|dev/pts|dev/shm|dev/mqueue|scratch|sys/fs/cgroup) ' /proc/mounts |
      grep -v virtiofs | cut -d' ' -f2,3 | sort
    echo "scratch $(df -k /scratch | tail -1 | awk '{print $2}') $(stat -c %a /scratch)"
    stat -c 'owner %u:%g' /scratch/volume/file
    cat /scratch/file
    echo written > /scratch/volume/new
    (umask 0; : > /scratch/volume/open; umask 077; : > /scratch/volume/shut)
    stat -c 'mode %a' /scratch/volume/open /scratch/volume/shut
    echo x > /readonly/no; echo x > /scratch/file; cp /bin/busybox /scratch/volume/b; /readonly/b true
    echo code $?
    echo x > /sys/kernel/no; ls /proc/kcore/x /proc/acpi; echo done`;
  const prepare = async ({ bundle }: Kago) => {
    await Deno.mkdir(`${bundle.path}/volume`);
    await Deno.writeTextFile(`${bundle.path}/volume/file`, "of the host\n");
    await Deno.chown(`${bundle.path}/volume/file`, 1234, 4321);
  };
  await guest(script, { mounts }, async ({ code, stdout, stderr }, kago) => {
    assertEquals(code, 0, stderr);
    const expected = [
      ...["/dev tmpfs", "/dev/mqueue mqueue", "/dev/pts devpts", "/dev/shm tmpfs", "/proc proc"],
      ...["/scratch tmpfs", "/sys sysfs", "/sys/fs/cgroup cgroup2"],
    ];
    const lines = stdout.trimEnd().split("\n");
    assertEquals(lines.slice(0, expected.length), expected, stdout);
    const rest = [
      "scratch 4096 1770",
      "owner 1234:4321",
      "of the host",
      "mode 666",
      "mode 600",
      "code 126",
      "done",
    ];
    assertEquals(lines.slice(expected.length), rest);
    assertMatch(stderr, /can't create \/readonly\/no: Read-only file system/);
    assertMatch(stderr, /can't create \/scratch\/file: Read-only file system/);
    assertMatch(stderr, /\/readonly\/b: Permission denied/);
    assertMatch(stderr, /can't create \/sys\/kernel\/no: (Read-only|Permission)/);
    assertEquals(await Deno.readTextFile(`${kago.bundle.path}/volume/new`), "written\n");
  }, prepare);
});

Deno.test("a guest whose root is read-only writes to its volumes, and to no other file", async () => {
  const mounts = ["data", "log"].map((name) => ({
    destination: `/${name}`,
    type: "bind",
    source: name,
    options: ["rbind", ...(name === "log" ? ["ro"] : [])],
  }));
  const script = "echo written > /data/new; echo x > /log/no; echo x > /no; cat /data/new";
  const prepare = async ({ bundle }: Kago) => {
    for (const name of ["data", "log"]) await Deno.mkdir(`${bundle.path}/${name}`);
  };
  const config = { root: { readonly: true } };
  await guest(script, { mounts, config }, async ({ code, stdout, stderr }, kago) => {
    assertEquals([code, stdout], [0, "written\n"], stderr);
    assertMatch(stderr, /can't create \/log\/no: Read-only file system/);
    assertMatch(stderr, /can't create \/no: Read-only file system/);
    assertEquals(await Deno.readTextFile(`${kago.bundle.path}/data/new`), "written\n");
  }, prepare);
});

Deno.test("a guest whose read-only root has no mount on /dev has the host's devices there", async () => {
  const mounts = [{ destination: "/proc", type: "proc", source: "proc" }];
  const script = "echo lost > /dev/null && readlink /dev/ptmx";
  await guest(script, { config: { root: { readonly: true }, mounts } }, (result) => {
    assertEquals([result.code, result.stdout], [0, "pts/ptmx\n"], result.stderr);
  });
});

Deno.test("two microVMs share one read-only root at once, and it stays as it was", async () => {
  const options = {
    annotations: KRUN,
    args: ["/bin/sh", "-c", "touch /x; sleep 2; echo $HOSTNAME; exit 9"],
    config: { root: { readonly: true } },
  };
  await Kago.with(options, async (first) => {
    const { rootfs } = first.bundle;
    // Files that an image might have, to be executed or read instead of the agent's.
    for (const name of ["agent", "plan", "init.krun", ".krun_config.json"]) {
      await Deno.writeTextFile(`${rootfs}/${name}`, '{"args":["/bin/echo","of the image"]}', {
        mode: 0o755,
      });
    }
    const before = await describeTree(rootfs);
    const config = { root: { path: rootfs, readonly: true } };
    await Kago.with({ ...options, config }, async (second) => {
      const results = await Promise.all(
        [first, second].map((kago) =>
          kago.runWith({ timeout: 90 }, "run", "-b", kago.bundle.path, kago.id)
        ),
      );
      assertEquals(results.map(({ code }) => code), [9, 9], results[0]!.stderr);
      for (const { stderr } of results) assertStringIncludes(stderr, "Read-only file system");
    });
    assertEquals(await describeTree(rootfs), before);
  });
});

Deno.test("126 and 127 tell of a program that cannot be executed, and a fatal signal is 128 and its number", async () => {
  const options = (...args: string[]) => ({ args });
  const prepare = ({ bundle }: Kago) => Deno.writeTextFile(`${bundle.rootfs}/data`, "x");
  await guest("", options("/data"), ({ code, stderr }) => {
    assertEquals(code, 126);
    assertStringIncludes(stderr, "process.args[0]: Permission denied");
  }, prepare);
  await guest("", options("/bin/nothing"), ({ code, stderr }) => {
    assertEquals(code, 127);
    assertStringIncludes(stderr, "process.args[0]: No such file or directory");
  });
  const crash = 'printf "\\0" > /dev/null; ulimit -f 0; echo x > /file';
  await guest(crash, {}, ({ code }) => assert(code === 153 || code === 1, `${code}`));
});

Deno.test("137 tells of a guest whose kernel panicked", async () => {
  const script = "echo 2 > /proc/sys/vm/panic_on_oom && echo set && tail /dev/zero";
  const config = { linux: { readonlyPaths: [] } };
  await guest(script, { config }, ({ code, stdout, stderr }) => {
    assertEquals({ code, stdout }, { code: 137, stdout: "set\n" }, stderr);
    assertStringIncludes(stderr, "Kernel panic");
    assertStringIncludes(
      stderr,
      "kago: microVM: the guest stopped before its process had an exit code",
    );
  });
});

Deno.test("krun.agent=0 leaves the process to libkrun's own init", async () => {
  const annotations = { ...KRUN, "krun.agent": "0" };
  await guest(
    "echo $$; exit 5",
    { annotations, config: UNRESTRICTED },
    async ({ code, stdout }, kago) => {
      assertEquals(code, 5);
      assert(Number(stdout) > 1, stdout);
      assert((await Deno.stat(`${kago.bundle.rootfs}/.krun_config.json`)).isFile);
    },
  );
});
