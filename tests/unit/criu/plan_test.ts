import { assertEquals } from "@std/assert";
import { dumpPlan, restorePlan } from "../../../runtime/criu/plan.ts";
import { type Op, TAKES } from "../../../runtime/plan/op.ts";
import { specWith } from "../plan/input.ts";

const PROGRAM = { path: "/usr/sbin/criu", env: ["PATH=/bin"], folders: { images: "/images" } };

const BECOME_CRIU: readonly Op[] = [
  { op: "openAs", path: "/images", fd: 101 },
  { op: "openAs", path: "/images", fd: 102 },
  { op: "criuSocket", fd: 100 },
  { op: "findProgram", file: "/usr/sbin/criu", search: "", from: "criu" },
  { op: "exec", args: ["/usr/sbin/criu", "swrk", "100"], env: ["PATH=/bin"], from: "criu" },
];

Deno.test("dumpPlan() gives criu its socket and the standard streams, and nothing else", () => {
  assertEquals(dumpPlan(PROGRAM), {
    intermediate: [{ op: "setsid" }, { op: "closeFds", preserve: 0 }, ...BECOME_CRIU],
    init: [],
    vmm: [],
  });
});

Deno.test("restorePlan() brings criu into the cgroup and to a root with all its mount points", () => {
  const spec = specWith(["mount"], {
    mounts: [
      { destination: "/proc", type: "proc" },
      { destination: "/dev/pts", type: "devpts", options: ["ro"] },
      { destination: "/data", type: "bind", source: "data", options: ["rbind", "ro"] },
      { destination: "/sys/fs/cgroup", type: "cgroup", source: "cgroup" },
      { destination: "/data", options: ["remount", "ro"] },
    ],
  });
  const join: Op = { op: "writeFile", path: "/cg/box/tasks", data: "0" };
  const tmpfs = (target: string, from: string): Op => ({
    op: "mount",
    fstype: "tmpfs",
    source: "tmpfs",
    target,
    options: [],
    attrs: 0n,
    propagation: 0,
    noFollow: 0,
    takes: TAKES.mode,
    procfs: 0,
    from,
  });
  const plan = restorePlan({
    program: PROGRAM,
    spec,
    bundle: "/bundle",
    rootfs: "/bundle/rootfs",
    criuRoot: "/run/kago/box/criu-root",
    nullDevice: "/run/kago/box/criu-null",
    joinOps: [join],
    namespaces: ["/run/netns/n", "/proc/9/ns/pid"],
  });
  assertEquals(plan, {
    intermediate: [
      { op: "closeFds", preserve: 0 },
      join,
      { op: "openAs", path: "/run/netns/n", fd: 103 },
      { op: "openAs", path: "/proc/9/ns/pid", fd: 104 },
      { op: "unshare", flags: 0x20000 },
      { op: "propagation", path: "/", flags: 0x80000 | 0x4000 },
      {
        op: "bindHost",
        source: "/bundle/rootfs",
        target: "/run/kago/box/criu-root",
        attrsSet: 0n,
        from: "root.path",
      },
      {
        op: "bindHost",
        source: "/dev/null",
        target: "/run/kago/box/criu-null",
        attrsSet: 0b1011n,
        from: "linux.maskedPaths",
      },
      {
        op: "openRoot",
        path: "/bundle/rootfs",
        privateParent: 0,
        privateTree: 0,
        from: "root.path",
      },
      tmpfs("/proc", "mounts[0]"),
      tmpfs("/dev/pts", "mounts[1]"),
      {
        op: "bind",
        source: "/bundle/data",
        target: "/data",
        recursive: 1,
        attrsSet: 0n,
        attrsClear: 0n,
        attrsUnnamed: 0n,
        recAttrsSet: 0n,
        recAttrsClear: 0n,
        propagation: 0,
        slot: 0xffffffff,
        noFollow: 0,
        procfs: 0,
        links: 0,
        from: "mounts[2]",
      },
      tmpfs("/sys/fs/cgroup", "mounts[3]"),
      { op: "dropRoot", from: "root.path" },
      ...BECOME_CRIU,
    ],
    init: [],
    vmm: [],
  });
});
