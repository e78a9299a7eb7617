/**
 * The libkrun executor, whole, against a double of libkrun that records its calls and runs the guest's command as a
 * process: for machines without KVM. The real library is called in tests/e2e. Needs root.
 */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import {
  buildLibkrunDouble,
  type DoubleOptions,
  type LibkrunDouble,
} from "../doubles/libkrun/build.ts";
import type { BundleOptions } from "../../scripts/sample/bundle.ts";
import { Beside, compileC } from "../harness/c_program.ts";
import { KAGO, Kago } from "../harness/kago.ts";
import { run, runOk, type RunResult } from "../harness/run.ts";
import { inTerminal } from "../harness/terminal.ts";
import { UNRESTRICTED } from "../harness/unrestricted.ts";

const KRUN = { "run.oci.handler": "krun" };

/** A microVM of kago's on a double. */
async function withDouble(
  options: BundleOptions & { readonly double?: DoubleOptions },
  use: (kago: Kago, double: LibkrunDouble) => Promise<void>,
): Promise<void> {
  using double = await buildLibkrunDouble(options.double);
  const annotations = { ...KRUN, ...options.annotations };
  await Kago.with({ ...options, annotations }, async (kago) => {
    await Deno.chmod(kago.bundle.path, 0o755);
    kago.globals.push(...double.options);
    await use(kago, double);
  });
}

Deno.test("run makes libkrun's calls in their order and returns the guest's exit code", async () => {
  await withDouble(
    {
      annotations: { "krun.cpus": "1" },
      args: ["/bin/sh", "-c", "echo from the guest; exit 7"],
    },
    async (kago, double) => {
      const result = await kago.foreground();
      assertEquals(result.stdout, "from the guest\n");
      assertEquals(result.code, 7, result.stderr);
      const calls = double.calls().map(({ call, args }) => [call, ...args]);
      // A descriptor of the guest's own root, with a dot that follows its link.
      assertMatch(`${calls.at(-11)?.at(-1)}`, /^\/proc\/self\/fd\/\d+\/\.$/);
      // The first context is the builder's, which looks whether the firmware comes with it.
      assertEquals(calls.slice(-13), [
        ["krun_create_ctx"],
        ["krun_set_vm_config", 0, 1, 1024],
        ["krun_set_root", 0, calls.at(-11)!.at(-1)!],
        ["krun_add_virtiofs", 0, "kago", "/"],
        ["krun_add_vsock_port2", 0, 1, "//agent.sock", 1],
        ["krun_add_vsock_port2", 0, 2, "//streams.sock", 0],
        ["krun_set_exec", 0, "/agent"],
        ["krun_set_exec argv", 0],
        ["krun_set_exec envp", 0],
        // The bundle's network namespace is empty.
        ["krun_disable_implicit_vsock", 0],
        ["krun_add_vsock", 0, 0],
        ["krun_set_log_level", 1],
        ["krun_start_enter", 0],
      ]);
    },
  );
});

/** Of this process: the processors in its affinity, which the kernel lists. */
function ownProcessors(): number {
  const [, list] = /^Cpus_allowed:\t(.*)$/m.exec(Deno.readTextFileSync("/proc/self/status"))!;
  const mask = BigInt(`0x${list!.replaceAll(",", "")}`).toString(2);
  return Math.min(navigator.hardwareConcurrency, mask.replaceAll("0", "").length);
}

Deno.test("vCPUs and memory come from the annotations, else from the caller's processors and the container's limits", async () => {
  const resources = { memory: { limit: 512 << 20 }, cpu: { quota: 150000, period: 100000 } };
  const processors = ownProcessors();
  const cases: [BundleOptions, number[]][] = [
    [
      {
        annotations: { "krun.cpus": "4", "krun.ram_mib": "300" },
        config: { linux: { resources } },
      },
      [4, 300],
    ],
    [{ config: { linux: { resources } } }, [Math.min(2, processors), 512 - 96]],
    [{}, [Math.min(16, processors), 1024]],
  ];
  for (const [options, expected] of cases) {
    await withDouble({ args: ["/bin/true"], ...options }, async (kago, double) => {
      const { code, stderr } = await kago.foreground();
      assertEquals(code, 0, stderr);
      const config = double.calls().findLast(({ call }) => call === "krun_set_vm_config");
      assertEquals(config?.args.slice(-2), expected);
    });
  }
});

/** What is the same over both tables of functions. */
function testOverBoth(name: string, test: (double: DoubleOptions) => Promise<void>): void {
  Deno.test(name, () => test({ abi: 1 }));
  Deno.test(`${name}, over libkrun 2 too`, () => test({ abi: 2 }));
}

testOverBoth(
  "every thread of the VMM has the container's credentials, and nothing of the host stays open",
  async (options) => {
    const process = {
      user: { uid: 1000, gid: 1001, additionalGids: [7] },
      // Of these a VMM has a use for one.
      capabilities: { bounding: ["CAP_KILL", "CAP_FOWNER"], permitted: [], effective: [] },
    };
    await withDouble(
      { args: ["/bin/sleep", "1000"], config: { process }, double: options },
      async (kago, double) => {
        const output = `${kago.bundle.path}/output`;
        const created = await kago.runWith(
          { output },
          "create",
          "-b",
          kago.bundle.path,
          kago.id,
        );
        assertEquals(created.code, 0, created.stdout);
        const started = await kago.run("start", kago.id);
        assertEquals(started.code, 0, started.stderr);
        const { pid } = await kago.state();
        const tasks = [...Deno.readDirSync(`/proc/${pid}/task`)];
        // The double's from when its firmware is loaded, and the one that hands signals on.
        assert(tasks.length > 2, `${tasks.length} threads`);
        for (const { name } of tasks) {
          const status = Deno.readTextFileSync(`/proc/${pid}/task/${name}/status`);
          assertMatch(status, /^Uid:\t1000\t1000\t1000\t1000$/m);
          assertMatch(status, /^Gid:\t1001\t1001\t1001\t1001$/m);
          assertMatch(status, /^Groups:\t7 $/m);
          assertMatch(status, /^CapEff:\t0{16}$/m);
          assertMatch(status, /^CapPrm:\t0{16}$/m);
          assertMatch(status, /^CapBnd:\t0{14}08$/m);
          assertMatch(status, /^NoNewPrivs:\t1$/m);
        }
        const open = [...Deno.readDirSync(`/proc/${pid}/fd`)]
          .map(({ name }) => [Deno.readLinkSync(`/proc/${pid}/fd/${name}`), name] as const);
        const host = open.filter(([path]) =>
          path.startsWith("/") && !/^\/(dev|memfd:|proc\/self)/.test(path)
        ).filter(([path]) => path !== output && !path.startsWith(double.dir));
        // A detached mount shows as "/": the agent's two folders, one of which the double has open too.
        const folders = host.map(([path, name]) => [
          path,
          ...[...Deno.readDirSync(`/proc/${pid}/fd/${name}/.`)].map((entry) => entry.name).sort(),
        ]);
        const root = ["/", "agent", "dev", "plan", "proc", "root", "sockets", "sys"];
        assertEquals(folders.filter((names) => names.includes("plan")), [root, root]);
        const sockets = ["/", "agent.sock", "streams.sock"];
        assertEquals(folders.filter((names) => names.includes("agent.sock")), [sockets]);
      },
    );
  },
);

/** What libkrun logs at last, and then kago. */
const SUDDEN =
  /^libkrun double: the guest was killed\r?\nkago: microVM: the guest stopped before .*\r?\n$/;

testOverBoth(
  "a guest that stops without its process's exit code is told of, behind the last that libkrun logged",
  async (double) => {
    await withDouble({ args: ["/bin/sh", "-c", "kill -9 $$"], double }, async (kago) => {
      const { code, stderr } = await kago.foreground();
      assertEquals(code, 137);
      assertMatch(stderr, SUDDEN);
      // There libkrun logs to a pipe of kago's.
      const command = [KAGO, ...kago.globals, "run", "-b", kago.bundle.path, "terminal"];
      const terminal = await inTerminal(command.join(" "));
      assertEquals(terminal.code, 137);
      assertMatch(terminal.stdout, SUDDEN);
    });
  },
);

testOverBoth(
  "a VMM watches directories that krun.watch names, new ones from within its jail, and refuses a file",
  async (double) => {
    const volume = await Deno.makeTempDir({ prefix: "kago_watch_" });
    await Deno.writeTextFile(`${volume}/file`, "");
    const options = (source: string) => ({
      annotations: { "krun.watch": "/data" },
      args: ["/bin/sh", "-c", "echo runs; mkdir /data/made; sleep 1; exit 7"],
      mounts: [{ destination: "/data", type: "bind", source, options: ["rbind"] }],
      double,
    });
    try {
      // The double's guest is another process than the VMM, as a program of the host's.
      await withDouble(options(volume), async (kago) => {
        const { code, stdout, stderr } = await kago.foreground();
        assertEquals([code, stdout, stderr], [7, "runs\n", ""]);
      });
      await withDouble(options(`${volume}/file`), async (kago) => {
        const { code, stderr } = await kago.foreground();
        assertEquals(code, 1);
        assertStringIncludes(stderr, "/data is a file: mount the directory that it is in");
      });
    } finally {
      await Deno.remove(volume, { recursive: true });
    }
  },
);

testOverBoth(
  "a startContainer hook of a microVM has its three streams open, and nothing of kago's",
  async (double) => {
    // There is no procfs to look into.
    const look =
      "i=0; while [ $i -lt 64 ]; do (true <&$i) 2>/dev/null && echo $i; i=$((i+1)); done";
    const script = `cat > /dev/null; exec > /open; ${look}; true`;
    const hook = { path: "/bin/sh", args: ["sh", "-c", script] };
    const config = { hooks: { startContainer: [hook] } };
    await withDouble({ args: ["/bin/true"], config, double }, async (kago) => {
      const { code, stderr } = await kago.foreground();
      assertEquals(code, 0, stderr);
      assertEquals(Deno.readTextFileSync(`${kago.bundle.rootfs}/open`), "0\n1\n2\n");
    });
  },
);

Deno.test("what the host lacks is one sentence each, and nothing is created", async () => {
  const cases: [string, DoubleOptions | undefined, string][] = [
    ["no libkrun", undefined, "libkrun"],
    ["an early libkrun 2", { abi: "early 2" }, "early libkrun 2"],
    ["no libkrunfw", { firmware: false }, "libkrunfw"],
  ];
  for (const [name, double, says] of cases) {
    await Kago.with({ args: ["/bin/true"], annotations: KRUN }, async (kago) => {
      using made = double && await buildLibkrunDouble(double);
      kago.globals.push(...made?.options ?? []);
      const result = await kago.foreground();
      assertEquals(result.code, 1, name);
      assertStringIncludes(result.stderr, says);
      assertStringIncludes(result.stderr, "install", name);
      assertEquals([...Deno.readDirSync(kago.root)], []);
      assertEquals(kago.cgroups(), []);
    });
  }
});

Deno.test("a libkrun call that fails before the VM is entered is named by run and by start", async () => {
  const annotations = { "krun.cpus": "1" };
  const options = { annotations, args: ["/bin/true"], double: { setVmConfig: -22 } };
  await withDouble(options, async (kago) => {
    const run = await kago.foreground();
    assertEquals(run.code, 1);
    const call = "microVM: krun_set_vm_config(context, 1, 1024): invalid argument (EINVAL)";
    assertStringIncludes(run.stderr, call);
    assertEquals([...Deno.readDirSync(kago.root)], []);
    const output = `${kago.bundle.path}/output`;
    const created = await kago.runWith({ output }, "create", "-b", kago.bundle.path, kago.id);
    assertEquals(created.code, 0, created.stdout);
    const start = await kago.run("start", kago.id);
    assertEquals(start.code, 1);
    assertStringIncludes(start.stderr, `cannot start container ${kago.id}: ${call}`);
  });
});

Deno.test("a VM that cannot be entered says so on the container's stderr", async () => {
  const options = { args: ["/bin/true"], double: { startEnter: -22 } };
  await withDouble(options, async (kago) => {
    const { code, stderr } = await kago.foreground();
    assertEquals(code, 1);
    assertStringIncludes(stderr, "kago: microVM: krun_start_enter(0): Invalid argument\n");
  });
});

Deno.test("annotations out of range are refused with their name and what is accepted", async () => {
  for (
    const [name, value] of [["krun.cpus", "17"], ["krun.ram_mib", "1"], ["krun.log_level", "x"]]
  ) {
    await withDouble(
      { args: ["/bin/true"], annotations: { [name!]: value! } },
      async (kago) => {
        const result = await kago.foreground();
        assertEquals(result.code, 1);
        assertMatch(
          result.stderr,
          new RegExp(`annotations\\[\\\\"${name}\\\\"\\]: .*\\d+ to \\d+`),
        );
      },
    );
  }
});

Deno.test("a microVM is told of no service manager, and the user that it is so", async () => {
  const tool = await compileC(new URL("notify_tool.c", import.meta.url));
  const args = ["/bin/sh", "-c", "echo ${NOTIFY_SOCKET-none}"];
  await withDouble({ args }, async (kago) => {
    const NOTIFY_SOCKET = `${kago.bundle.path}/manager`;
    await using manager = await Beside.start(tool, "receive", NOTIFY_SOCKET);
    const words = ["run", "-b", kago.bundle.path, kago.id];
    const result = await kago.runWith({ env: { NOTIFY_SOCKET } }, ...words);
    assertEquals([result.code, result.stdout], [0, "none\n"], result.stderr);
    assertStringIncludes(result.stderr, "a microVM cannot notify a service manager");
    assertEquals(manager.lines, []);
  });
  await Deno.remove(tool);
});

testOverBoth(
  "a library that is named is opened before a user namespace, in which root's files have no owner",
  async (abi) => {
    const map = [{ containerID: 0, hostID: 100000, size: 65536 }];
    const namespaces = ["pid", "network", "ipc", "uts", "mount", "cgroup", "user"];
    const linux = {
      uidMappings: map,
      gidMappings: map,
      namespaces: namespaces.map((type) => ({ type })),
    };
    const options = { args: ["/bin/true"], config: { linux }, double: abi };
    await withDouble(options, async (kago, double) => {
      await runOk("chown", ["-R", "100000:100000", kago.bundle.rootfs]);
      // Whether its user may open the host's /dev/kvm is the host's matter, and comes later.
      const { stderr } = await kago.foreground();
      const loaded = ["krun_create_ctx", "krun_payload_load_krunfw"];
      const looks = double.calls().filter(({ call }) => loaded.includes(call));
      assertEquals(looks.length, 2, `the builder's and the VMM's: ${stderr}`);
    });
  },
);

/** `kago run` where the double's folder is /usr/local/lib/kago too, which nobody else sees. */
async function runBesideDouble(
  kago: Kago,
  { dir }: LibkrunDouble,
  spoil = "true",
): Promise<RunResult> {
  const place = `${kago.bundle.path}/lib`;
  await Deno.mkdir(place);
  // The double writes to its own folder, which has to stay where it is.
  const script =
    `set -e; mount -t tmpfs -o mode=755 none "$0"; mkdir -m 755 "$0/kago" "$0/\${1##*/}"
    cp -R "$1"/lib* "$0/kago/"; [ ! -d "$1/needed" ] || cp -R "$1/needed" "$0/kago/"; cd "$0/kago"; ${spoil}
    mount --bind "$1" "$0/\${1##*/}"; mount --rbind "$0" /usr/local/lib; cd /; shift; exec "$@"`;
  const words = [KAGO, "--root", kago.root, "run", "--bundle", kago.bundle.path, kago.id];
  return await run("unshare", ["-m", "sh", "-c", script, place, dir, ...words]);
}

Deno.test("the libkrun that came with kago is taken before the dynamic linker's, with what it needs", async () => {
  using double = await buildLibkrunDouble({ needs: true });
  await Kago.with({ args: ["/bin/sh", "-c", "exit 7"], annotations: KRUN }, async (kago) => {
    await Deno.chmod(kago.bundle.path, 0o755);
    const { code, stderr } = await runBesideDouble(kago, double);
    assertEquals([code, stderr], [7, ""]);
  });
});

Deno.test("a libkrun in place of kago's own that others could have written is not loaded", async () => {
  for (const file of ["libkrun.so.1.99.0", "needed/01-libkago_needed.so.0"]) {
    using double = await buildLibkrunDouble({ needs: true });
    await Kago.with({ args: ["/bin/true"], annotations: KRUN }, async (kago) => {
      const { code, stderr } = await runBesideDouble(kago, double, `chmod 757 ${file}`);
      assertEquals(code, 1);
      const problem = `/usr/local/lib/kago/${file} can be written by others than root`;
      assertStringIncludes(stderr, `/usr/local/lib/kago: ${problem}`);
      assertEquals(double.calls(), []);
    });
  }
});

Deno.test("no flavour beside the library that is named is one sentence, whatever the dynamic linker knows", async () => {
  const annotations = { "krun.variant": "sev" };
  const options = { args: ["/bin/true"], annotations, config: UNRESTRICTED };
  await withDouble(options, async (kago, double) => {
    const { code, stderr } = await kago.foreground();
    assertEquals(code, 1);
    assertStringIncludes(stderr, `open ${double.dir}/libkrun-sev.so.1: no such file or directory`);
    assertStringIncludes(stderr, "install the sev flavour of libkrun 1.x there");
  });
});
