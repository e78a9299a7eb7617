/**
 * What a VMM can do that its guest has taken over: the double of libkrun plays one, with all capabilities in config.json and
 * no profile, as `--privileged` has it. Each line of the jail's table in docs/security.md names a test. Needs root.
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { buildLibkrunDouble, type DoubleOptions } from "../doubles/libkrun/build.ts";
import type { BundleOptions } from "../../scripts/sample/bundle.ts";
import { KAGO, Kago } from "../harness/kago.ts";
import { withNetwork } from "../harness/network.ts";
import { run, runOk, type RunResult } from "../harness/run.ts";
import { CAPABILITIES } from "../../runtime/spec/capabilities.ts";

/** All that the test's own root has. */
const BOUNDING = BigInt(
  `0x${/^CapBnd:\t(\w+)$/m.exec(Deno.readTextFileSync("/proc/self/status"))![1]}`,
);
const ALL = Object.keys(CAPABILITIES).filter((name) =>
  BOUNDING >> BigInt(CAPABILITIES[name]!) & 1n
);
const PRIVILEGED = { bounding: ALL, permitted: ALL, effective: ALL };

async function withVmm(
  options: BundleOptions & { readonly double?: DoubleOptions },
  use: (kago: Kago) => Promise<void>,
): Promise<void> {
  const { double: kind, ...bundle } = options;
  using double = await buildLibkrunDouble(kind ?? {});
  const annotations = { "run.oci.handler": "krun", ...bundle.annotations };
  const config = { process: { capabilities: PRIVILEGED }, ...bundle.config };
  await Kago.with({ ...bundle, annotations, config }, (kago) => {
    kago.globals.push(
      ...double.options,
      ...Object.keys(annotations).map((name) => `--allow-annotation=${name}`),
    );
    return use(kago);
  });
}

type Attack = (...names: string[]) => Promise<RunResult>;

/** Runs a VMM once for each call, which tries these attacks in turn. */
function takenOver(options: BundleOptions, use: (attack: Attack) => Promise<void>): Promise<void> {
  return withVmm(
    { ...options, double: { takenOver: true } },
    (kago) =>
      use(async (...names) => {
        await Deno.writeTextFile(`${kago.bundle.rootfs}/attack`, names.join("\n"));
        const { path } = kago.bundle;
        return await kago.run("run", "--bundle", path, kago.id);
      }),
  );
}

/** A VMM that waits while its guest sleeps, and its pid; whoever creates it has a file open that is to be handed on. */
function running(options: BundleOptions, look: (pid: number) => void): Promise<void> {
  return withVmm({ args: ["/bin/sleep", "1000"], ...options }, async (kago) => {
    const output = `${kago.bundle.path}/output`;
    const words = ["--root", kago.root, ...kago.globals, "create", "--preserve-fds", "1"];
    const args = [
      "-c",
      'exec 3</etc/passwd; exec "$0" "$@"',
      KAGO,
      ...words,
      "-b",
      kago.bundle.path,
      kago.id,
    ];
    const created = await run("sh", args, { output });
    assertEquals(created.code, 0, created.stdout);
    assertEquals((await kago.run("start", kago.id)).code, 0);
    const { pid } = await kago.state();
    look(pid as number);
  });
}

function statuses(pid: number): string[] {
  const tasks = [...Deno.readDirSync(`/proc/${pid}/task`)];
  // The double's own, and the one that hands signals on.
  assert(tasks.length > 2, `${tasks.length} threads`);
  return tasks.map(({ name }) => Deno.readTextFileSync(`/proc/${pid}/task/${name}/status`));
}

/** Attacks that the filter ends the VMM for, and the call that it names. */
const DEADLY = {
  "other processes": {
    ptrace: "ptrace",
    process_vm_writev: "process_vm_writev",
    pidfd_getfd: "pidfd_open",
    kill: "kill",
    tgkill: "tgkill",
    fasync: "fcntl",
  },
  "programs and processes": {
    execve: "execve",
    execveat: "execveat",
    fork: "fork",
    clone: "clone",
    unshare: "unshare",
    setns: "pidfd_open",
    mmap_code: "mmap",
    mprotect_code: "mprotect",
  },
  "mounts and roots": {
    mount: "mount",
    open_tree: "open_tree",
    fsopen: "fsopen",
    pivot_root: "pivot_root",
    chroot: "chroot",
    open_by_handle_at: "open_by_handle_at",
  },
  "the host's kernel": {
    kexec_load: "kexec_load",
    init_module: "init_module",
    bpf: "bpf",
    io_uring_setup: "io_uring_setup",
    userfaultfd: "userfaultfd",
    keyctl: "keyctl",
    add_key: "add_key",
    perf_event_open: "perf_event_open",
  },
  "kinds of sockets and commands": {
    netlink: "socket",
    packet: "socket",
    vsock: "socket",
    tiocsti: "ioctl",
  },
  "the jail itself": {
    dumpable: "prctl",
    seccomp: "seccomp",
    setrlimit: "setrlimit",
    survive: "swapon",
  },
} as const;

for (const [what, attacks] of Object.entries(DEADLY)) {
  Deno.test(`a VMM that reaches for ${what} ends, and the call is named`, async () => {
    await takenOver({}, async (attack) => {
      for (const [name, call] of Object.entries(attacks)) {
        const { code, stdout, stderr } = await attack(name);
        const words = `kago: the VMM called ${call}, which it may not make\n`;
        assertEquals({ name, code, stdout, stderr }, {
          name,
          code: 159,
          stdout: "",
          stderr: words,
        });
      }
    });
  });
}

Deno.test("a call by the numbers of another interface ends the VMM, and its number is said", async () => {
  await takenOver({}, async (attack) => {
    const { code, stdout, stderr } = await attack("x32");
    const words = "kago: the VMM made the system call 1073741863, which it may not make\n";
    assertEquals([code, stdout, stderr], [159, "", words]);
  });
});

Deno.test("a VMM without impersonated sockets makes none of the internet's", async () => {
  const types = ["pid", "network", "ipc", "uts", "mount"];
  const namespaces = types.map((type) => ({ type }));
  const config = { process: { capabilities: PRIVILEGED }, linux: { namespaces } };
  await takenOver({ config }, async (attack) => {
    const { code, stdout, stderr } = await attack("inet");
    const words = "kago: the VMM called socket, which it may not make\n";
    assertEquals([code, stdout, stderr], [159, "", words]);
  });
  const shared = { linux: { namespaces: namespaces.filter(({ type }) => type !== "network") } };
  await takenOver({ config: { ...config, ...shared } }, async (attack) => {
    assertEquals((await attack("inet")).stdout, "inet: got it\n");
  });
});

Deno.test("a VMM is told that there is no call to make a process by flags that no filter sees", async () => {
  await takenOver({}, async (attack) => {
    const { code, stdout, stderr } = await attack("clone3");
    assertEquals([code, stdout], [0, "clone3: Function not implemented\n"], stderr);
  });
});

Deno.test("a VMM reaches no file of the host, even with a directory of it open", async () => {
  await takenOver({}, async (attack) => {
    const { code, stdout, stderr } = await attack("host_file", "host_write");
    const words = "host_file: Permission denied\nhost_write: Permission denied\n";
    await Deno.remove("/tmp/kago-jail-was-open").catch(() => {});
    assertEquals([code, stdout], [0, words], stderr);
  });
});

Deno.test("a VMM opens no device node but the container's, and gives none of those commands", async () => {
  await takenOver({}, async (attack) => {
    const { code, stdout, stderr } = await attack("device_node", "device_command");
    assertEquals(code, 0, stderr);
    assertMatch(stdout, /^device_node: (Operation not permitted|Permission denied)$/m);
    assertMatch(stdout, /^device_command: (Permission denied|Inappropriate ioctl for device)$/m);
  });
});

Deno.test("a VMM writes neither its own program nor the host's settings", async () => {
  await takenOver({}, async (attack) => {
    const names = ["self_exe", "core_pattern", "sysrq", "uevent_helper"];
    const { code, stdout, stderr } = await attack(...names);
    assertEquals(code, 0, stderr);
    assertEquals(stdout.split("\n").filter((line) => line.includes("got it")), []);
    assertEquals(stdout.trimEnd().split("\n").length, names.length);
  });
});

Deno.test("a VMM connects to no abstract socket of its network namespace", async () => {
  const namespaces = ["pid", "ipc", "uts", "mount"].map((type) => ({ type }));
  const config = { process: { capabilities: PRIVILEGED }, linux: { namespaces } };
  using listener = Deno.listen({ transport: "unix", path: "\0kago-jail-test" });
  await takenOver({ config }, async (attack) => {
    const { stdout, stderr } = await attack("abstract_socket");
    assertEquals(stdout, "abstract_socket: Operation not permitted\n", stderr);
  });
  assert(listener.addr.transport === "unix");
});

Deno.test("where there is no Landlock a VMM has the rest of its jail", async () => {
  const refused = { names: ["landlock_create_ruleset"], action: "SCMP_ACT_ERRNO", errnoRet: 38 };
  const seccomp = { defaultAction: "SCMP_ACT_ALLOW", syscalls: [refused] };
  const config = { process: { capabilities: PRIVILEGED }, linux: { seccomp } };
  await takenOver({ config }, async (attack) => {
    const work = await attack("work");
    assertEquals([work.code, work.stdout], [0, "work: got it\n"], work.stderr);
    const { code, stdout, stderr } = await attack("execve");
    const words = "kago: the VMM called execve, which it may not make\n";
    assertEquals([code, stdout, stderr], [159, "", words]);
  });
});

Deno.test("a jailed VMM still does its guest's work on the container's files", async () => {
  await takenOver({}, async (attack) => {
    const { code, stdout, stderr } = await attack("work");
    assertEquals([code, stdout], [0, "work: got it\n"], stderr);
  });
});

/** Bits of the capabilities that virtiofs needs, as /proc shows a set. */
const VIRTIOFS = 0x880000db;

Deno.test("a privileged VMM has the capabilities of virtiofs on every thread, none ambient, and no_new_privs", async () => {
  const types = ["pid", "network", "ipc", "uts", "mount"];
  const config = {
    process: { capabilities: { ...PRIVILEGED, inheritable: ALL, ambient: ALL } },
    linux: { namespaces: types.map((type) => ({ type })) },
  };
  await running({ config, annotations: { "krun.tap_name": "tap0" } }, (pid) => {
    for (const status of statuses(pid)) {
      const set = (name: string) =>
        parseInt(new RegExp(`^${name}:\\t(\\w+)$`, "m").exec(status)![1]!, 16);
      const sets = ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"].map(set);
      assertEquals(sets, [0, VIRTIOFS, VIRTIOFS, VIRTIOFS, 0], status);
      assertMatch(status, /^NoNewPrivs:\t1$/m);
      assertMatch(status, /^Seccomp:\t2$/m);
    }
  });
});

Deno.test("a VMM has no capability that config.json does not give, and low ports with impersonated sockets alone", async () => {
  const names = ["CAP_NET_BIND_SERVICE", "CAP_CHOWN", "CAP_SYS_ADMIN"];
  const capabilities = { bounding: names, permitted: names, effective: names };
  await running({ config: { process: { capabilities } } }, (pid) => {
    for (const status of statuses(pid)) assertMatch(status, /^CapEff:\t0{13}401$/m);
  });
});

Deno.test("the process in the guest gets all capabilities of config.json", async () => {
  await withVmm({}, async (kago) => {
    const args = ["plan", "--json", "--bundle", kago.bundle.path];
    const { stdout } = await kago.run(...args);
    const plan: Record<string, { op: string; permitted: string }[]> = JSON.parse(stdout);
    const permitted = (stage: string) =>
      BigInt(plan[stage]!.find(({ op }) => op === "capset")!.permitted);
    assertEquals(permitted("guest"), BOUNDING);
    assertEquals(permitted("vmm") & ~BigInt(VIRTIOFS), 1n << 10n);
  });
});

Deno.test("a VMM holds no descriptor but its guest's and libkrun's", async () => {
  await running({}, (pid) => {
    const open = [...Deno.readDirSync(`/proc/${pid}/fd`)].map(({ name }) => name)
      .map((name) => Deno.readLinkSync(`/proc/${pid}/fd/${name}`));
    const known = [
      /^\/dev\/null$/,
      // The standard streams, and the double's record and pipes.
      /\/output$/,
      /libkrun_double_/,
      /^pipe:/,
      // Where the agent is asked for, where libkrun hands that on, and where the agent connects with its process's streams.
      /^socket:/,
      // When the guest's clock is looked at.
      /^anon_inode:\[timerfd\]$/,
      // The guest's root and the folder of the agent's socket, which lie nowhere.
      /^\/$/,
    ];
    assertEquals(open.filter((path) => !known.some((pattern) => pattern.test(path))), []);
    assertEquals(open.filter((path) => path === "/").length, 3);
    assertEquals(open.filter((path) => path.startsWith("socket:")).length, 3);
  });
});

Deno.test("passt has four capabilities, gains none, holds its socket alone, and is not dumpable", async () => {
  const folder = await Deno.makeTempDir({ prefix: "passt_" });
  const report = `${folder}/report`;
  const source = new URL("passt_double.c", import.meta.url).pathname;
  await runOk("cc", ["-O1", "-static", `-DREPORT="${report}"`, "-o", `${folder}/passt`, source]);
  const annotations = { "krun.use_passt": "1" };
  await withNetwork((network) => {
    const namespaces = ["pid", "ipc", "uts", "mount"].map((type) => ({ type }));
    const config = {
      process: { capabilities: PRIVILEGED },
      linux: { namespaces: [...namespaces, { type: "network", path: network }] },
    };
    return withVmm({ annotations, config, args: ["/bin/true"] }, async (kago) => {
      const path = `${folder}:${Deno.env.get("PATH")}`;
      const args = ["run", "--bundle", kago.bundle.path, kago.id];
      const { code, stderr } = await kago.runWith({ env: { PATH: path } }, ...args);
      assertEquals(code, 0, stderr);
    });
  });
  const words = await Deno.readTextFile(report);
  await Deno.remove(folder, { recursive: true });
  const lines = words.trimEnd().split("\n").sort();
  const few = "00000000800004c0";
  const none = "0000000000000000";
  const sets = [none, few, few, few, none];
  const names = ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"];
  const expected = [
    ...names.map((name, index) => `${name}:\t${sets[index]}`),
    "NoNewPrivs:\t1",
    "dumpable 0",
    ...[0, 1, 2, 3].map((fd) => `fd ${fd}`),
  ];
  assertEquals(lines, expected.sort());
});
