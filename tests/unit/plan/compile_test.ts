import { assertEquals } from "@std/assert";
import { compilePlan } from "../../../runtime/plan/compile.ts";
import type { CompileInput } from "../../../runtime/plan/compile_input.ts";
import { MS, PROPAGATION } from "../../../runtime/plan/mount_options.ts";
import type { Op } from "../../../runtime/plan/op.ts";
import { IDENTITY, inputOf, PROCESS, specWith } from "./input.ts";

const MOUNT_NS = 0x20000;

const ROOT: readonly Op[] = [
  { op: "propagation", path: "/", flags: 0x84000 },
  { op: "openRoot", path: "/bundle/rootfs", privateParent: 0, privateTree: 0, from: "root.path" },
];

function node(path: string, major: number, minor: number): Op {
  const mode = 0o020666;
  return { op: "mknod", path, mode, major, minor, uid: 0, gid: 0, from: "default devices" };
}

function link(path: string, target: string, replace = 0): Op {
  return { op: "symlink", target, path, replace, from: "default devices" };
}

const DEVICES: readonly Op[] = [
  node("/dev/null", 1, 3),
  node("/dev/zero", 1, 5),
  node("/dev/full", 1, 7),
  node("/dev/random", 1, 8),
  node("/dev/urandom", 1, 9),
  node("/dev/tty", 5, 0),
  link("/dev/fd", "/proc/self/fd"),
  link("/dev/stdin", "/proc/self/fd/0"),
  link("/dev/stdout", "/proc/self/fd/1"),
  link("/dev/stderr", "/proc/self/fd/2"),
  link("/dev/core", "/proc/kcore"),
  link("/dev/ptmx", "pts/ptmx", 1),
];

const SESSION: readonly Op[] = [{ op: "setsid" }, { op: "sessionKeyring", name: "_ses.box" }];

const STREAMS: readonly Op[] = [
  { op: "reopenNull" },
  { op: "ownStreams", uid: 0, from: "process.user.uid" },
];

const ENTER: readonly Op[] = [
  { op: "pivotRoot", from: "root.path" },
  { op: "prepareCwd", path: "/", make: 1, from: "process.cwd" },
];

const ENTER_PRIVATE: readonly Op[] = [
  ...ENTER,
  {
    op: "rootAttributes",
    attrsSet: 0n,
    attrsUnnamed: 0n,
    propagation: 0x40000,
    from: "linux.rootfsPropagation",
  },
];

const PROGRAM: readonly Op[] = [
  { op: "findProgram", file: "sh", search: "/bin", from: "process.args[0]" },
  { op: "awaitStart" },
  { op: "exec", args: ["sh"], env: ["PATH=/bin"], from: "process.args" },
];

Deno.test("compilePlan() gives a minimal container this whole plan", () => {
  assertEquals(compilePlan(inputOf(specWith(["mount"]))), {
    intermediate: [
      { op: "unshare", flags: MOUNT_NS, from: "linux.namespaces" },
      { op: "cloneInit" },
    ],
    init: [
      ...SESSION,
      ...ROOT,
      ...DEVICES,
      ...STREAMS,
      ...ENTER_PRIVATE,
      { op: "closeFds", preserve: 0 },
      { op: "findHome", uid: 0 },
      ...IDENTITY,
      ...PROGRAM,
    ],
    vmm: [],
  });
});

Deno.test("compilePlan() sets hostname, sysctl, paths and a read-only root between mounts and process", () => {
  const spec = specWith(["mount", "uts"], {
    hostname: "h",
    domainname: "d",
    root: { path: "rootfs", readonly: true },
    linux: {
      namespaces: [{ type: "mount" }, { type: "uts" }],
      sysctl: { "net.ipv4.ip_forward": "1", "net/ipv4/conf/eth0.1/forwarding": "1" },
      maskedPaths: ["/proc/keys"],
      readonlyPaths: ["/proc/sys"],
    },
  });
  const init = compilePlan(inputOf(spec)).init;
  const after = init.slice(SESSION.length + ROOT.length + DEVICES.length);
  assertEquals(after.slice(0, 11), [
    {
      op: "sysctl",
      key: "net/ipv4/ip_forward",
      value: "1",
      from: 'linux.sysctl["net.ipv4.ip_forward"]',
    },
    {
      op: "sysctl",
      key: "net/ipv4/conf/eth0.1/forwarding",
      value: "1",
      from: 'linux.sysctl["net/ipv4/conf/eth0.1/forwarding"]',
    },
    { op: "readonlyPath", path: "/proc/sys", from: "linux.readonlyPaths[0]" },
    { op: "maskPath", path: "/proc/keys", context: "", from: "linux.maskedPaths[0]" },
    ...STREAMS,
    ...ENTER,
    {
      op: "rootAttributes",
      attrsSet: 1n,
      attrsUnnamed: 0x8en,
      propagation: 0x40000,
      from: "root.readonly",
    },
    { op: "sethostname", name: "h", from: "hostname" },
    { op: "setdomainname", name: "d", from: "domainname" },
  ]);
});

Deno.test("compilePlan() has a read-only path / turn the root read-only when all is made in it", () => {
  const linux = { namespaces: [{ type: "mount" }], readonlyPaths: ["/proc/sys", "/."] } as const;
  const init = compilePlan(inputOf(specWith([], { linux }))).init;
  const paths = init.flatMap((op) => op.op === "readonlyPath" ? [op.path] : []);
  assertEquals(paths, ["/proc/sys"]);
  assertEquals(init[init.findIndex(({ op }) => op === "prepareCwd") + 1], {
    op: "rootAttributes",
    attrsSet: 1n,
    attrsUnnamed: 0n,
    propagation: 0x40000,
    from: "linux.readonlyPaths[1]",
  });
});

Deno.test("compilePlan() sets a shared propagation only once the root is in place", () => {
  const linux = { namespaces: [{ type: "mount" }], rootfsPropagation: "shared" } as const;
  const init = compilePlan(inputOf(specWith([], { linux }))).init;
  assertEquals(init.slice(2, 4), [
    { op: "propagation", path: "/", flags: 0x100000, from: "linux.rootfsPropagation" },
    { op: "openRoot", path: "/bundle/rootfs", privateParent: 1, privateTree: 0, from: "root.path" },
  ]);
  const enter = init.findIndex((op) => op.op === "pivotRoot");
  assertEquals(init[enter + 2], {
    op: "rootAttributes",
    attrsSet: 0n,
    attrsUnnamed: 0n,
    propagation: 0x100000,
    from: "linux.rootfsPropagation",
  });
});

for (
  const value of ["private", "slave", "unbindable", "rprivate", "rslave", "runbindable"] as const
) {
  Deno.test(`compilePlan() with rootfsPropagation ${value} mounts nothing that the host could see`, () => {
    const linux = { namespaces: [{ type: "mount" }], rootfsPropagation: value } as const;
    const init = compilePlan(inputOf(specWith([], { linux }))).init;
    assertEquals(init.slice(2, 4), ROOT);
    const attributes = init.find((op) => op.op === "rootAttributes");
    assertEquals(attributes?.propagation, PROPAGATION[value]);
  });
}

const MAPS = [{ containerID: 0, hostID: 100000, size: 10 }];

/** The uids that the standard streams are given to, stage by stage. */
function streamOwners(input: CompileInput): Record<string, number[]> {
  const { intermediate, init } = compilePlan(input);
  const uids = (ops: readonly Op[]) => ops.flatMap((op) => op.op === "ownStreams" ? [op.uid] : []);
  return { intermediate: uids(intermediate), init: uids(init) };
}

Deno.test("compilePlan() gives the standard streams to the user, before a user namespace by the host's id", () => {
  const process = { ...PROCESS, user: { uid: 7 } };
  const plain = inputOf(specWith(["mount"], { process }));
  assertEquals(streamOwners(plain), { intermediate: [], init: [7] });
  const namespaces = [{ type: "mount" }, { type: "user" }] as const;
  const mapped = inputOf(specWith([], { process, linux: { namespaces, uidMappings: MAPS } }));
  assertEquals(streamOwners(mapped), { intermediate: [100007], init: [] });
  const rootless = { ...mapped, host: { ...mapped.host, uid: 1000 } };
  assertEquals(streamOwners(rootless), { intermediate: [], init: [7] });
  const joined = [{ type: "mount" }, { type: "user", path: "/proc/1/ns/user" }] as const;
  const unknown = inputOf(specWith([], { process, linux: { namespaces: joined } }));
  assertEquals(streamOwners(unknown), { intermediate: [], init: [7] });
  const terminal = inputOf(specWith(["mount"], { process: { ...process, terminal: true } }));
  assertEquals(streamOwners(terminal), { intermediate: [], init: [] });
});

Deno.test("compilePlan() keeps an ambient capability only if it is permitted and inheritable", () => {
  const capabilities = {
    permitted: ["CAP_KILL", "CAP_CHOWN"],
    inheritable: ["CAP_KILL"],
    ambient: ["CAP_KILL", "CAP_CHOWN", "CAP_SYS_ADMIN"],
  };
  const spec = specWith(["mount"], { process: { ...PROCESS, capabilities } });
  const ambient = compilePlan(inputOf(spec)).init.find((op) => op.op === "capAmbient");
  assertEquals(ambient, { op: "capAmbient", mask: 0x20n, from: "process.capabilities.ambient" });
});

Deno.test("compilePlan() without a mount namespace mounts over a private root, and changes the root", () => {
  const mounts = [{ destination: "/data", type: "tmpfs" }];
  const init = compilePlan(inputOf(specWith(["pid"], { mounts }))).init;
  assertEquals(init.filter(({ op }) => op !== "mknod" && op !== "symlink").slice(2, 9), [
    { op: "openRoot", path: "/bundle/rootfs", privateParent: 0, privateTree: 1, from: "root.path" },
    {
      op: "rootAttributes",
      attrsSet: 0n,
      attrsUnnamed: 0n,
      propagation: MS.PRIVATE | MS.REC,
      from: "root.path",
    },
    ...compilePlan(inputOf(specWith(["mount"], { mounts }))).init.filter(({ op }) =>
      op === "mount"
    ),
    ...STREAMS,
    { op: "changeRoot", moveMount: 0 },
    { op: "prepareCwd", path: "/", make: 1, from: "process.cwd" },
  ]);
});

Deno.test("compilePlan() of a spec without a process ends in the wait for start", () => {
  const { process: _, ...spec } = specWith(["mount"]);
  assertEquals(compilePlan(inputOf(spec)).init, [
    ...SESSION,
    ...ROOT,
    ...DEVICES,
    { op: "reopenNull" },
    ...ENTER_PRIVATE,
    { op: "closeFds", preserve: 0 },
    { op: "findHome", uid: 0 },
    ...IDENTITY,
    { op: "awaitStart" },
  ]);
});

const LABEL = "system_u:system_r:container_t:s0:c1,c2";

Deno.test("compilePlan() labels the session keyring, the covers of masks and the program", () => {
  const label = "system_u:object_r:container_file_t:s0:c1,c2";
  const linux = {
    namespaces: [{ type: "mount" }],
    mountLabel: label,
    maskedPaths: ["/m"],
  } as const;
  const spec = specWith([], { linux, process: { ...PROCESS, selinuxLabel: LABEL } });
  const from = "process.selinuxLabel";
  assertEquals(compilePlan(inputOf(spec)).init, [
    { op: "setsid" },
    { op: "execLabel", file: "keycreate", label: LABEL, from },
    { op: "sessionKeyring", name: "_ses.box" },
    ...ROOT,
    ...DEVICES,
    { op: "maskPath", path: "/m", context: label, from: "linux.maskedPaths[0]" },
    ...STREAMS,
    ...ENTER_PRIVATE,
    { op: "closeFds", preserve: 0 },
    { op: "findHome", uid: 0 },
    ...IDENTITY,
    { op: "execLabel", file: "exec", label: LABEL, from },
    ...PROGRAM,
  ]);
});

Deno.test("compilePlan() lets a process for which it is asked keep the groups that it has", () => {
  const KEEP = "run.oci.keep_original_groups";
  const setsGroups = (annotations: Readonly<Record<string, string>>) => {
    const { init } = compilePlan(inputOf(specWith(["mount"], { annotations })));
    return init.some(({ op }) => op === "setgroups");
  };
  assertEquals(setsGroups({}), true);
  assertEquals(setsGroups({ [KEEP]: "0" }), true);
  assertEquals(setsGroups({ [KEEP]: "1" }), false);
});
