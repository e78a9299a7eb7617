import { assertEquals } from "@std/assert";
import { guestOps } from "../../../../../executors/libkrun/guest/plan.ts";
import { LINKS, type Op, type OpName } from "../../../../../runtime/plan/op.ts";
import type { Mount, Process, Spec } from "../../../../../runtime/spec/spec.ts";
import { inputOf, PROCESS, specWith } from "../../../plan/input.ts";

const PROC: Mount = { destination: "/proc", type: "proc", source: "proc" };
const DEV: Mount = { destination: "/dev", type: "tmpfs", source: "tmpfs", options: ["mode=755"] };

function guestOf(rest: Partial<Spec>, disks = 0): readonly Op[] {
  const spec = specWith(["mount", "pid"], rest);
  return guestOps(inputOf(spec), spec.process!, [], disks);
}

function only<N extends OpName>(ops: readonly Op[], ...names: N[]): readonly Op[] {
  return ops.filter(({ op }) => (names as string[]).includes(op));
}

function mountsOf(...mounts: Mount[]): readonly Op[] {
  return only(guestOf({ mounts }), "openRootTree", "mount", "bind", "remount");
}

Deno.test("guestOps() makes a process of the spec as Init makes one", () => {
  const user = { uid: 7, gid: 8, additionalGids: [9], umask: 0o27 };
  const capabilities = { bounding: ["CAP_KILL"], permitted: ["CAP_KILL"] };
  const rlimits = [{ type: "RLIMIT_NOFILE", soft: 10, hard: 20 }];
  const process = { ...PROCESS, user, capabilities, rlimits, noNewPrivileges: true };
  const ops = guestOf({ process, hostname: "box" });
  assertEquals(ops.slice(ops.findIndex(({ op }) => op === "pivotRoot")), [
    { op: "pivotRoot", from: "root.path" },
    { op: "prepareCwd", path: "/", make: 1, from: "process.cwd" },
    {
      op: "rootAttributes",
      attrsSet: 0n,
      attrsUnnamed: 0n,
      propagation: 0x40000,
      from: "linux.rootfsPropagation",
    },
    { op: "sethostname", name: "box", from: "hostname" },
    { op: "closeFds", preserve: 0 },
    { op: "findHome", uid: 7 },
    { op: "rlimit", resource: 7, soft: 10n, hard: 20n, from: "process.rlimits[0]" },
    { op: "umask", mask: 0o27, from: "process.user.umask" },
    { op: "capBounding", mask: 32n, from: "process.capabilities.bounding" },
    { op: "keepCaps" },
    { op: "setgroups", gids: [9], from: "process.user.additionalGids" },
    { op: "setgid", gid: 8, from: "process.user.gid" },
    { op: "setuid", uid: 7, from: "process.user.uid" },
    { op: "chdir", path: "/", from: "process.cwd" },
    {
      op: "capset",
      effective: 0n,
      permitted: 32n,
      inheritable: 0n,
      from: "process.capabilities",
    },
    { op: "capAmbient", mask: 0n, from: "process.capabilities.ambient" },
    { op: "noNewPrivileges", from: "process.noNewPrivileges" },
    { op: "findProgram", file: "sh", search: "/bin", from: "process.args[0]" },
    { op: "exec", args: ["sh"], env: ["PATH=/bin"], from: "process.args" },
  ]);
});

Deno.test("guestOps() gives the process the caller's limits where the spec has none", () => {
  const limits = [{ resource: 6, soft: 1n, hard: 2n }, { resource: 7, soft: 3n, hard: 4n }];
  const rlimits = [{ type: "RLIMIT_NOFILE", soft: 10, hard: 20 }];
  const host = { uid: 0, gid: 0, env: [], softLimits: [{ resource: 7, soft: 5n }], limits };
  const limitsOf = (process: Process) =>
    guestOps(inputOf(specWith(["mount"], { process }), { host }), process)
      .filter(({ op }) => /limit/i.test(op));
  const from = "the caller's limits";
  assertEquals(limitsOf(PROCESS), limits.map((limit) => ({ op: "rlimit", ...limit, from })));
  assertEquals(limitsOf({ ...PROCESS, rlimits }), [
    { op: "rlimit", resource: 7, soft: 10n, hard: 20n, from: "process.rlimits[0]" },
    { op: "rlimit", resource: 6, soft: 1n, hard: 2n, from },
  ]);
});

Deno.test("guestOps() mounts in the guest what must be its kernel's, and leaves a plain bind to virtiofs", () => {
  const volume = { destination: "/data", type: "bind", source: "/srv", options: ["rbind"] };
  const ops = mountsOf(PROC, volume);
  assertEquals(ops.map((op) => "target" in op && [op.op, op.target]), [["mount", "/proc"]]);
});

Deno.test("guestOps() binds again what a bundle binds below a mount of the guest's", () => {
  const ops = mountsOf(DEV, { destination: "/dev/log", type: "bind", source: "/run/log" });
  assertEquals(ops.map(({ op }) => op), ["openRootTree", "mount", "bind"]);
  const [open, , bind] = ops as unknown as Record<string, unknown>[];
  assertEquals([open!.path, open!.slot, bind!.target, bind!.slot], ["/dev/log", 1, "/dev/log", 1]);
});

Deno.test("guestOps() binds the agent's socket over each of the host's", () => {
  const log = { destination: "/dev/log", type: "bind", source: "/run/log" };
  const data = { destination: "/data", type: "bind", source: "/srv" };
  const api = { destination: "/run/api.sock", type: "bind", source: "/run/a", options: ["ro"] };
  const spec = specWith(["mount", "pid"], { mounts: [DEV, log, data, api] });
  const ops = only(
    guestOps(inputOf(spec), spec.process!, [1, 3]),
    ...["openSocketTree", "openRootTree", "mount", "bind"] as const,
  );
  assertEquals(
    ops.map((op) => [op.op, "slot" in op && op.slot, "target" in op && op.target]),
    [
      ["openSocketTree", 1, false],
      ["openSocketTree", 3, false],
      ["mount", false, "/dev"],
      ["bind", 1, "/dev/log"],
      ["bind", 3, "/run/api.sock"],
    ],
  );
  assertEquals(ops[1], {
    op: "openSocketTree",
    path: "/run/api.sock",
    slot: 3,
    socket: 1,
    from: "mounts[3]",
  });
});

Deno.test("guestOps() binds a link again that the host has put below a mount of the guest's", () => {
  const options = ["bind", "copy-symlink"];
  const link = { destination: "/dev/log/", type: "bind", source: "/run/log", options };
  const [open, , bind] = mountsOf(DEV, link) as unknown as Record<string, unknown>[];
  assertEquals([open!.path, open!.noFollow], ["/dev/log", 1]);
  assertEquals([bind!.target, bind!.links], ["/dev/log", LINKS.coverTarget]);
});

Deno.test("guestOps() makes no device in a read-only root, where the host has made them", () => {
  const root = { path: "r", readonly: true };
  const made = (spec: Partial<Spec>) => only(guestOf(spec), "mknod", "symlink").length > 0;
  assertEquals(
    [made({ root, mounts: [PROC] }), made({ root, mounts: [PROC, DEV] }), made({ mounts: [PROC] })],
    [false, true, true],
  );
});

Deno.test("guestOps() binds every volume again where the root is read-only, so that it is not", () => {
  const volume = { destination: "/data", type: "bind", source: "/srv", options: ["rbind"] };
  for (
    const spec of [{ root: { path: "r", readonly: true } }, { linux: { readonlyPaths: ["/"] } }]
  ) {
    const ops = only(guestOf({ mounts: [DEV, volume], ...spec }), "openRootTree", "bind");
    const [open, bind] = ops as unknown as Record<string, unknown>[];
    assertEquals([open!.path, bind!.target, bind!.attrsSet], ["/data", "/data", 0n]);
  }
});

Deno.test("guestOps() gives a bind the flags that only the guest's kernel can enforce", () => {
  const options = ["bind", "ro", "nosuid", "noexec"];
  const ops = mountsOf({ destination: "/data", type: "bind", source: "/srv", options });
  assertEquals(ops.map((op) => "attrsSet" in op && op.attrsSet), [false, 0x1n | 0x2n | 0x8n]);
});

Deno.test("guestOps() makes the host's /dev the guest's own, and its shared memory of the size that is asked for", () => {
  const options = ["nosuid", "mode=1777", "size=65536k"];
  const shm = { destination: "/dev/shm", type: "tmpfs", source: "shm", options };
  const dev = { destination: "/dev", type: "bind", source: "/dev", options: ["rbind"] };
  const ops = mountsOf(dev, shm).map((op) => op.op === "mount" && [op.fstype, op.options]);
  assertEquals(ops, [["devtmpfs", []], ["tmpfs", ["mode=1777", "size=65536k"]]]);
});

Deno.test("guestOps() mounts cgroup2 for whatever version the host has, and sysfs without options of its own", () => {
  const cgroup = { destination: "/sys/fs/cgroup", type: "cgroup", options: ["ro"] };
  const sysfs = { destination: "/sys", type: "sysfs", options: ["ro"] };
  const ops = mountsOf(sysfs, cgroup).map((op) => op.op === "mount" && [op.fstype, op.attrs]);
  assertEquals(ops, [["sysfs", 1n], ["cgroup2", 1n]]);
});

Deno.test("guestOps() makes devices that mean the same in every kernel, and not the VMM's", () => {
  const devices = [
    { type: "c", path: "/dev/fuse", major: 10, minor: 229 },
    { type: "c", path: "/dev/kvm", major: 10, minor: 232 },
    { type: "b", path: "/dev/sda", major: 8, minor: 0 },
    { type: "c", path: "/dev/nvidia0", major: 195, minor: 0 },
    { type: "p", path: "/dev/pipe" },
  ] as const;
  const paths = only(guestOf({ linux: { devices } }), "mknod")
    .flatMap((op) => op.op === "mknod" && op.from?.startsWith("linux") ? [op.path] : []);
  assertEquals(paths, ["/dev/fuse", "/dev/pipe"]);
});

Deno.test("guestOps() makes nodes of the disks in the guest's own /dev, and none in the image's", () => {
  const disksOf = (...mounts: Mount[]) => only(guestOf({ mounts }, 28), "guestDisk");
  const paths = disksOf(PROC, DEV).flatMap((op) => op.op === "guestDisk" ? [op.path] : []);
  assertEquals(paths.length, 28);
  assertEquals([paths[0], paths[25], ...paths.slice(26)], [
    ...["/dev/vda", "/dev/vdz", "/dev/vdaa", "/dev/vdab"],
  ]);
  assertEquals(disksOf(PROC), []);
  assertEquals(disksOf(PROC, { destination: "/dev", type: "bind", source: "/dev" }), []);
});

Deno.test("guestOps() takes the console for a terminal", () => {
  const [console] = only(guestOf({ process: { ...PROCESS, terminal: true } }), "guestConsole");
  assertEquals(console, { op: "guestConsole", uid: 0, from: "process.terminal" });
});

Deno.test("guestOps() has only operations that the agent is built with", () => {
  const source = new URL("../../../../../helper-c/agent/operations.c", import.meta.url);
  const built = [...Deno.readTextFileSync(source).matchAll(/^ {2}X\((\w+)\)/gm)].map(([, name]) =>
    name!.replaceAll(/_([a-z])/g, (_, letter) => letter.toUpperCase())
  );
  const everything = guestOf({
    process: { ...PROCESS, terminal: true, oomScoreAdj: 5, noNewPrivileges: true },
    mounts: [PROC, DEV, { destination: "/dev/x", type: "bind", source: "/x" }, {
      destination: "/proc",
      options: ["remount", "ro"],
    }],
    root: { path: "rootfs", readonly: true },
    hostname: "a",
    domainname: "b",
    linux: {
      maskedPaths: ["/proc/kcore"],
      readonlyPaths: ["/proc/sys"],
      sysctl: { "kernel.sem": "1 2 3 4" },
    },
  }, 1);
  const missing = everything.map(({ op }) => op).filter((op) => !built.includes(op));
  assertEquals(missing, []);
});
