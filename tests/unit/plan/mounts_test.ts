import { assertEquals, assertThrows } from "@std/assert";
import { SpecError } from "../../../runtime/common/errors.ts";
import { LINKS, NO_SLOT, PROCFS, TAKES } from "../../../runtime/plan/op.ts";
import { ignoredOptions, mountOps } from "../../../runtime/plan/mounts.ts";
import type { Mount } from "../../../runtime/spec/spec.ts";
import { inputOf, specWith } from "./input.ts";

function opsOf(...mounts: Mount[]) {
  return mountOps(inputOf(specWith(["mount"], { mounts })));
}

Deno.test("mountOps() makes a filesystem with its flags apart from its data, proc never through a link", () => {
  const proc = {
    destination: "/proc",
    type: "proc",
    source: "proc",
    options: ["nosuid", "hidepid=2"],
  };
  assertEquals(opsOf(proc), {
    ops: [{
      op: "mount",
      fstype: "proc",
      source: "proc",
      target: "/proc",
      options: ["hidepid=2"],
      attrs: 0x2n,
      propagation: 0,
      noFollow: 1,
      takes: TAKES.nothing,
      procfs: PROCFS.allowed,
      from: "mounts[0]",
    }],
    early: [],
    finish: [],
  });
});

Deno.test("mountOps() takes a bind's source relative to the bundle and its attributes for one mount or all", () => {
  const bind = { destination: "/d", source: "data", options: ["rbind", "ro", "rnosuid", "rslave"] };
  assertEquals(opsOf(bind).ops, [{
    op: "bind",
    source: "/bundle/data",
    target: "/d",
    recursive: 1,
    attrsSet: 0x1n,
    attrsClear: 0n,
    attrsUnnamed: 0x8en,
    recAttrsSet: 0x2n,
    recAttrsClear: 0n,
    propagation: 0x84000,
    slot: NO_SLOT,
    noFollow: 0,
    procfs: PROCFS.refused,
    links: LINKS.follow,
    from: "mounts[0]",
  }]);
});

/** Set, cleared, and cleared without being told. */
function attributesOf(destination: string, ...options: string[]) {
  const [op] = opsOf({ destination, source: "/s", options }).ops;
  const isChange = op?.op === "bind" || op?.op === "remount";
  return isChange && [op.attrsSet, op.attrsClear, op.attrsUnnamed];
}

Deno.test("mountOps() has a bind cleared of what its source has and no option names, once any is named", () => {
  assertEquals(attributesOf("/d", "bind"), [0n, 0n, 0n]);
  assertEquals(attributesOf("/d", "bind", "rprivate"), [0n, 0n, 0n]);
  assertEquals(attributesOf("/d", "bind", "rro"), [0n, 0n, 0n]);
  assertEquals(attributesOf("/d", "bind", "rw"), [0n, 0x1n, 0x8en]);
  assertEquals(attributesOf("/d", "bind", "nosuid", "noexec"), [0xan, 0n, 0x85n]);
  // What is said of access times says all of them.
  assertEquals(attributesOf("/d", "bind", "nodiratime"), [0x80n, 0n, 0x7fn]);
  assertEquals(attributesOf("/d", "bind", "noatime"), [0x10n, 0x70n, 0x8fn]);
  assertEquals(attributesOf("/d", "remount"), [0n, 0n, 0x8fn]);
});

Deno.test("mountOps() gives a new filesystem the attributes for all mounts, its superblock those of its own", () => {
  const tmpfs = { destination: "/d", type: "tmpfs" };
  const made = (...options: string[]) => {
    const [op] = opsOf({ destination: "/d", type: "ramfs", options }).ops;
    return op?.op === "mount" && [op.attrs, op.options];
  };
  assertEquals(made("rro", "rnosuid"), [0x3n, []]);
  assertEquals(made("ro", "rrw"), [0n, []]);
  assertEquals(made("ro"), [0x1n, ["ro"]]);
  const { ops, finish } = opsOf({ ...tmpfs, options: ["rro"] });
  assertEquals(ops[0]?.op === "mount" && ops[0].attrs, 0n);
  assertEquals(finish.length, 1);
});

Deno.test("mountOps() refuses a mount over the root, but not its remount", () => {
  for (const destination of ["/", "//", "/.", "/a/.."]) {
    const error = assertThrows(() => opsOf({ destination, type: "tmpfs" }), SpecError);
    assertEquals(error.jsonPath, "mounts[0].destination");
  }
  assertEquals(opsOf({ destination: "/", options: ["remount", "nosuid"] }).ops.length, 1);
});

Deno.test("mountOps() has crun's options about links, and refuses those that contradict each other", () => {
  const links = (...options: string[]) => {
    const [op] = opsOf({ destination: "/d/", source: "/s", options: ["bind", ...options] }).ops;
    return op?.op === "bind" && [op.links, op.target];
  };
  assertEquals(links(), [LINKS.follow, "/d/"]);
  assertEquals(links("copy-symlink"), [LINKS.copySource, "/d"]);
  assertEquals(links("src-nofollow", "dest-nofollow"), [
    LINKS.bindSource | LINKS.coverTarget,
    "/d",
  ]);
  assertThrows(() => links("copy-symlink", "dest-nofollow"), SpecError, "cannot be combined");
  const tmpfs = { destination: "/d", type: "tmpfs", options: ["dest-nofollow"] };
  assertThrows(() => opsOf(tmpfs), SpecError, "are for bind mounts");
});

Deno.test("mountOps() opens a source within an earlier mount of the container's only when that is there", () => {
  const linux = { namespaces: [{ type: "user" as const }, { type: "mount" as const }] };
  const bind = (source: string, destination: string) => ({
    type: "bind",
    source,
    destination,
    options: ["bind"],
  });
  const mounts = [
    bind("/data", "/mnt"),
    bind("/bundle/rootfs/mnt/x", "/final"),
    bind("/bundle/rootfs/mntx", "/other"),
  ];
  const { early } = mountOps(inputOf(specWith([], { mounts, linux })));
  assertEquals(early.map((op) => op.op === "openTree" && op.source), [
    "/data",
    "/bundle/rootfs/mntx",
  ]);
});

Deno.test("mountOps() turns a read-only /dev read-only only after it is filled", () => {
  const dev = { destination: "/dev", type: "tmpfs", source: "tmpfs", options: ["ro", "mode=755"] };
  const { ops, finish } = opsOf(dev);
  assertEquals(ops[0], {
    op: "mount",
    fstype: "tmpfs",
    source: "tmpfs",
    target: "/dev",
    options: ["mode=755"],
    attrs: 0n,
    propagation: 0,
    noFollow: 1,
    takes: TAKES.nothing,
    procfs: PROCFS.refused,
    from: "mounts[0]",
  });
  assertEquals(finish, [{
    op: "remount",
    target: "/dev",
    attrsSet: 0x1n,
    attrsClear: 0n,
    attrsUnnamed: 0n,
    recAttrsSet: 0n,
    recAttrsClear: 0n,
    propagation: 0,
    from: "mounts[0]",
  }]);
});

Deno.test("mountOps() mounts v1 hierarchies below a tmpfs, anew in a new cgroup namespace", () => {
  const hierarchies = [
    { name: "cpu,cpuacct", data: "cpu,cpuacct", path: "/cg/cpu,cpuacct/box" },
    { name: "systemd", data: "name=systemd", path: "/cg/systemd/box" },
  ];
  const cgroup = { version: 1, hierarchies, joinOps: [] } as const;
  const mounts = [{ destination: "/sys/fs/cgroup", type: "cgroup", options: ["ro"] }];
  const plan = (types: string[]) =>
    mountOps(inputOf(specWith(types, { mounts }), { cgroup })).ops.map((op) => ({
      ...op,
      from: "",
    }));
  const names = plan(["mount", "cgroup"]);
  assertEquals(names.map((op) => op.op), [
    "mount",
    "mount",
    "symlink",
    "symlink",
    "mount",
    "remount",
  ]);
  assertEquals(names[1], {
    op: "mount",
    fstype: "cgroup",
    source: "cgroup",
    target: "/sys/fs/cgroup/cpu,cpuacct",
    options: ["cpu", "cpuacct"],
    attrs: 0x1n,
    propagation: 0,
    noFollow: 0,
    takes: TAKES.nothing,
    procfs: PROCFS.refused,
    from: "",
  });
  const bound = plan(["mount"])[1];
  assertEquals(bound?.op === "bind" && bound.source, "/cg/cpu,cpuacct/box");
});

Deno.test("mountOps() refuses a bind without a source and a mount without a type", () => {
  const bind = assertThrows(() => opsOf({ destination: "/d", options: ["bind"] }), SpecError);
  assertEquals(bind.jsonPath, "mounts[0].source");
  const none = assertThrows(() => opsOf({ destination: "/d", source: "x" }), SpecError);
  assertEquals(none.jsonPath, "mounts[0].type");
});

const MAPPING = [{ containerID: 0, hostID: 1000, size: 10 }];

Deno.test("mountOps() maps the ids of a bind before it binds it", () => {
  const bind = {
    destination: "/d",
    source: "/s",
    options: ["rbind", "ridmap"],
    uidMappings: MAPPING,
    gidMappings: [...MAPPING, { containerID: 10, hostID: 5, size: 1 }],
  };
  const { ops, early } = opsOf(bind);
  assertEquals(early, []);
  assertEquals(ops.map((op) => op.op), ["openTree", "idmapTree", "bind"]);
  assertEquals(ops[1], {
    op: "idmapTree",
    slot: 0,
    uidMap: "0 1000 10\n",
    gidMap: "0 1000 10\n10 5 1\n",
    recursive: 1,
    from: "mounts[0].uidMappings",
  });
});

Deno.test("mountOps() opens binds before a new user namespace, which may not reach their sources", () => {
  const mounts = [
    { destination: "/proc", type: "proc" },
    { destination: "/d", source: "/s", options: ["bind", "idmap"] },
  ];
  const linux = {
    namespaces: [{ type: "mount" }, { type: "user" }],
    uidMappings: MAPPING,
    gidMappings: MAPPING,
  } as const;
  const { ops, early } = mountOps(inputOf(specWith([], { mounts, linux })));
  assertEquals(early, [
    { op: "openTree", source: "/s", recursive: 0, slot: 1, links: 0, from: "mounts[1]" },
    {
      op: "idmapTree",
      slot: 1,
      uidMap: "0 1000 10\n",
      gidMap: "0 1000 10\n",
      recursive: 0,
      from: "mounts[1].uidMappings",
    },
  ]);
  assertEquals(ops.at(-1)?.op === "bind" && ops.at(-1), { ...ops.at(-1)!, slot: 1 });
});

Deno.test("mountOps() opens binds before a user namespace that is joined, unless an ordinary user asks", () => {
  const namespaces = [{ type: "mount" }, { type: "user", path: "/proc/7/ns/user" }] as const;
  const mounts = [{ destination: "/d", source: "/s", options: ["bind"] }];
  const input = inputOf(specWith([], { mounts, linux: { namespaces } }));
  const open = {
    op: "openTree",
    source: "/s",
    recursive: 0,
    links: 0,
    slot: 0,
    from: "mounts[0]",
  } as const;
  assertEquals(mountOps(input).early, [open]);
  const ordinary = { ...input, host: { ...input.host, uid: 1000 } };
  assertEquals(mountOps(ordinary).early, []);
});

Deno.test("mountOps() refuses to map ids without mappings, or of what is no bind", () => {
  const bare = assertThrows(
    () => opsOf({ destination: "/d", source: "/s", options: ["bind", "idmap"] }),
    SpecError,
  );
  assertEquals(bare.jsonPath, "mounts[0].uidMappings");
  const tmpfs = { destination: "/d", type: "tmpfs", uidMappings: MAPPING, gidMappings: MAPPING };
  assertEquals(assertThrows(() => opsOf(tmpfs), SpecError).jsonPath, "mounts[0].uidMappings");
});

Deno.test("mountOps() follows no link to /proc, /sys and /dev, however they are spelt", () => {
  const bind = { destination: "/proc/", source: "/proc", options: ["rbind"] };
  const { ops } = opsOf(bind, { destination: "//dev/.", type: "tmpfs" });
  assertEquals(ops.map((op) => (op.op === "bind" || op.op === "mount") && op.noFollow), [1, 1]);
});

Deno.test("mountOps() allows on /proc only a procfs, and inside it only what lxcfs emulates", () => {
  const { ops } = opsOf(
    { destination: "/proc", source: "/proc", options: ["rbind"] },
    { destination: "/proc/./meminfo", source: "/f", options: ["bind"] },
    { destination: "/process", type: "tmpfs" },
  );
  assertEquals(ops.map((op) => (op.op === "bind" || op.op === "mount") && op.procfs), [
    PROCFS.source,
    PROCFS.allowed,
    PROCFS.refused,
  ]);
  const refused: Mount[] = [
    { destination: "/proc", type: "tmpfs" },
    { destination: "//proc/self/attr", type: "tmpfs" },
    { destination: "/tmp/../proc/sysrq-trigger", source: "/f", options: ["bind"] },
    { destination: "/proc/sys/net", type: "proc" },
  ];
  for (const mount of refused) {
    const error = assertThrows(() => opsOf(mount), SpecError);
    assertEquals(error.jsonPath, "mounts[0].destination");
  }
});

Deno.test("mountOps() labels the filesystems that take a label, and a message queue's root afterwards", () => {
  const label = "system_u:object_r:container_file_t:s0:c1,c2";
  const linux = { namespaces: [{ type: "mount" }], mountLabel: label } as const;
  const types = ["proc", "sysfs", "tmpfs", "devpts", "mqueue"];
  const mounts = types.map((type) => ({ destination: `/${type}`, type, options: ["mode=1"] }));
  const { ops } = mountOps(inputOf(specWith([], { linux, mounts })));
  const context = `context=${label}`;
  assertEquals(ops.map((op) => op.op === "mount" ? op.options : op), [
    ["mode=1"],
    ["mode=1"],
    ["mode=1", context],
    ["mode=1", context],
    ["mode=1"],
    { op: "fileLabel", path: "/mqueue", label, from: "linux.mountLabel" },
  ]);
});

Deno.test("mountOps() binds whatever options of a filesystem it is given", () => {
  const bind = { destination: "/d", source: "/s" };
  const options = ["bind", "size=1m", "sync", "defaults"];
  assertEquals(opsOf({ ...bind, options }), opsOf({ ...bind, options: ["bind"] }));
});

Deno.test("mountOps() maps ids by the option idmap=, by the user namespace's own where it says @", () => {
  const linux = {
    namespaces: [{ type: "mount" }, { type: "user" }],
    uidMappings: [{ containerID: 0, hostID: 0, size: 1 }, {
      containerID: 1,
      hostID: 2,
      size: 1000,
    }],
    gidMappings: MAPPING,
  } as const;
  const planOf = (option: string) => {
    const mounts = [{ destination: "/d", source: "/s", options: ["rbind", option] }];
    return mountOps(inputOf(specWith([], { mounts, linux }))).early[1];
  };
  assertEquals(planOf("ridmap=uids=@1-3-10#50-60-5;gids=0-3-10"), {
    op: "idmapTree",
    slot: 0,
    uidMap: "1 4 10\n50 60 5\n",
    gidMap: "0 3 10\n",
    recursive: 1,
    from: "mounts[0].uidMappings",
  });
  const bad = [
    "",
    "uids=0-1-1",
    "uids=0-1;gids=0-1-1",
    "uids=0-1-0;gids=0-1-1",
    "gids=0-1-1;x=0-1-1",
  ];
  for (const text of [...bad, "uids=@0-0-2;gids=0-1-1", "uids=0-1-4294967296;gids=0-1-1"]) {
    const error = assertThrows(() => planOf(`idmap=${text}`), SpecError, undefined, text);
    assertEquals(error.jsonPath, "mounts[0].options");
  }
});

Deno.test("ignoredOptions() tells of a filesystem's options on binds, and of nothing else", () => {
  const mounts = [
    { destination: "/a", type: "tmpfs", options: ["size=1k"] },
    { destination: "/b", source: "/etc", options: ["rbind", "ro", "rslave", "mode=755"] },
    { destination: "/c", type: "bind", source: "/etc", options: ["size=1k", "nosuid", "sync"] },
  ];
  assertEquals(ignoredOptions({ ociVersion: "1.0.2", mounts }), [
    "mounts[1].options: mode=755 is ignored: a bind mount does not create a filesystem",
    "mounts[2].options: size=1k is ignored: a bind mount does not create a filesystem",
  ]);
});
