import { assertEquals, assertThrows } from "@std/assert";
import { SpecError } from "../../../runtime/common/errors.ts";
import type { Runner } from "../../../runtime/plan/compile_input.ts";
import { mountOps } from "../../../runtime/plan/mounts.ts";
import { intermediateOps } from "../../../runtime/plan/namespaces.ts";
import { type Op, SYNC_POINTS } from "../../../runtime/plan/op.ts";
import type { Namespace } from "../../../runtime/spec/spec.ts";
import { inputOf, PROCESS, specWith } from "./input.ts";

const NAMESPACES: readonly Namespace[] = [
  { type: "mount", path: "/ns/mnt" },
  { type: "user" },
  { type: "network", path: "/ns/net" },
  { type: "pid" },
  { type: "cgroup" },
];

const JOIN_NET = {
  op: "setns",
  path: "/ns/net",
  nstype: 0x40000000,
  from: "linux.namespaces[2].path",
} as const;
const JOIN_MOUNT = {
  op: "setns",
  path: "/ns/mnt",
  nstype: 0x20000,
  from: "linux.namespaces[0].path",
} as const;
const ENTER_USER = [
  { op: "unshare", flags: 0x10000000, from: "linux.namespaces[1]" },
  { op: "sync", point: 1, from: "linux.uidMappings" },
  { op: "becomeRoot", from: "linux.uidMappings" },
] as const;
/** Main, which is not root, writes to files of the process's. */
const ENTER_USER_SHOWN = [
  ENTER_USER[0],
  { op: "dumpable", on: 1 },
  ENTER_USER[1],
  { op: "dumpable", on: 0 },
  ENTER_USER[2],
] as const;
const NEW_ONES = { op: "unshare", flags: 0x22000000, from: "linux.namespaces" } as const;

Deno.test("intermediateOps() joins namespaces before the user namespace, the mount namespace last, as root", () => {
  const input = inputOf(specWith([], { linux: { namespaces: NAMESPACES } }));
  assertEquals(intermediateOps(input), [
    JOIN_NET,
    JOIN_MOUNT,
    ...ENTER_USER,
    NEW_ONES,
    { op: "cloneInit" },
  ]);
});

Deno.test("intermediateOps() enters the user namespace first for an ordinary user", () => {
  const host = { uid: 1000, gid: 1000, env: [] };
  const input = inputOf(specWith([], { linux: { namespaces: NAMESPACES } }), { host });
  assertEquals(intermediateOps(input), [
    ...ENTER_USER_SHOWN,
    JOIN_NET,
    JOIN_MOUNT,
    NEW_ONES,
    { op: "cloneInit" },
  ]);
});

Deno.test("intermediateOps() joins a user namespace by its path and takes its root", () => {
  const linux = { namespaces: [{ type: "user", path: "/ns/user" }] } as const;
  assertEquals(intermediateOps(inputOf(specWith([], { linux }))), [
    { op: "setns", path: "/ns/user", nstype: 0x10000000, from: "linux.namespaces[0].path" },
    { op: "becomeRoot", from: "linux.namespaces[0].path" },
    { op: "cloneInit" },
  ]);
});

/** Whose process has the limits itself. */
const RUNNER: Runner = {
  early: [],
  isUnlimited: true,
  mounts: mountOps,
  execute: () => ({ op: "execVmm", env: [] }),
  stages: () => ({ vmm: [] }),
};

Deno.test("intermediateOps() raises hard limits before a user namespace, only for root and what has them", () => {
  const spec = specWith([], {
    process: { ...PROCESS, rlimits: [{ type: "RLIMIT_NOFILE", soft: 10, hard: 20 }] },
    linux: { namespaces: [{ type: "user", path: "/ns/user" }] },
  });
  const raise = { op: "hardLimit", resource: 7, hard: 20n, from: "process.rlimits[0]" };
  assertEquals(intermediateOps(inputOf(spec))[0], raise as Op);
  const without = [
    inputOf(spec, { host: { uid: 1000, gid: 1000, env: [] } }),
    inputOf({ ...spec, linux: { namespaces: [] } }),
    inputOf(spec, { runner: RUNNER }),
  ];
  for (const input of without) {
    assertEquals(intermediateOps(input).filter(({ op }) => op === "hardLimit"), []);
  }
});

Deno.test("intermediateOps() joins the cgroup and sets the OOM score before anything else", () => {
  const joinOps = [{ op: "writeFile", path: "/cg/tasks", data: "0" }] as const;
  const cgroup = { version: 1, hierarchies: [], joinOps } as const;
  const spec = specWith(["time"], {
    process: { ...PROCESS, oomScoreAdj: -5 },
    linux: {
      namespaces: [{ type: "time" }],
      timeOffsets: { boottime: { secs: 7 }, monotonic: { secs: 1, nanosecs: 2 } },
    },
  });
  assertEquals(intermediateOps(inputOf(spec, { cgroup })), [
    ...joinOps,
    { op: "writeFile", path: "/proc/self/oom_score_adj", data: "-5", from: "process.oomScoreAdj" },
    { op: "unshare", flags: 0x80, from: "linux.namespaces" },
    {
      op: "writeFile",
      path: "/proc/self/timens_offsets",
      data: "monotonic 1 2\nboottime 7 0\n",
      from: "linux.timeOffsets",
    },
    { op: "cloneInit" },
  ]);
});

Deno.test("intermediateOps() shows an ordinary user's stage for each write to its own files, and root's never", () => {
  const spec = specWith([], {
    process: { ...PROCESS, oomScoreAdj: 5 },
    linux: {
      namespaces: [{ type: "user" }, { type: "time" }],
      timeOffsets: { boottime: { secs: 7 } },
    },
  });
  const host = { uid: 1000, gid: 1000, env: [] };
  const shown = intermediateOps(inputOf(spec, { host }));
  const shape = shown.map((op) => op.op === "dumpable" ? op.on : op.op);
  assertEquals(shape, [
    ...[1, "writeFile", 0, "unshare", 1, "sync", 0, "becomeRoot", "unshare", 1, "writeFile", 0],
    "cloneInit",
  ]);
  const hidden = intermediateOps(inputOf(spec));
  assertEquals(hidden.map(({ op }) => op), [
    ...["writeFile", "unshare", "sync", "becomeRoot", "unshare", "sync", "cloneInit"],
  ]);
  assertEquals(hidden.filter(({ op }) => op === "sync"), [
    { op: "sync", point: SYNC_POINTS.idMappings, from: "linux.uidMappings" },
    { op: "sync", point: SYNC_POINTS.timeOffsets, from: "linux.timeOffsets" },
  ]);
});

Deno.test("intermediateOps() shows nothing in a user namespace that it joins", () => {
  const linux = {
    namespaces: [{ type: "user", path: "/ns/user" }, { type: "time" }],
    timeOffsets: { boottime: { secs: 7 } },
  } as const;
  const host = { uid: 1000, gid: 1000, env: [] };
  const ops = intermediateOps(inputOf(specWith([], { linux }), { host }));
  assertEquals(ops.filter(({ op }) => op === "dumpable"), []);
});

Deno.test("intermediateOps() joins a mount namespace last, after the time offsets, without a user namespace", () => {
  const linux = {
    namespaces: [{ type: "mount", path: "/ns/mnt" }, { type: "time" }],
    timeOffsets: { boottime: { secs: 1 } },
  } as const;
  const ops = intermediateOps(inputOf(specWith([], { linux })));
  assertEquals(ops.map((op) => op.op), ["unshare", "writeFile", "setns", "cloneInit"]);
});

Deno.test("intermediateOps() joins resctrl first, and has Main move interfaces once the namespaces are there", () => {
  const linux = {
    namespaces: [{ type: "network" }, { type: "user" }],
    netDevices: { eth0: {} },
  } as const;
  const join = {
    op: "writeFile",
    path: "/r/box/tasks",
    data: "0",
    from: "linux.intelRdt",
  } as const;
  assertEquals(intermediateOps(inputOf(specWith([], { linux }), { resctrlJoinOps: [join] })), [
    join,
    { op: "unshare", flags: 0x10000000, from: "linux.namespaces[1]" },
    { op: "sync", point: 1, from: "linux.uidMappings" },
    { op: "becomeRoot", from: "linux.uidMappings" },
    { op: "unshare", flags: 0x40000000, from: "linux.namespaces" },
    { op: "sync", point: 4, from: "linux.netDevices" },
    { op: "cloneInit" },
  ]);
});

Deno.test("intermediateOps() refuses interfaces to an ordinary user", () => {
  const linux = { namespaces: [{ type: "network" }], netDevices: { eth0: {} } } as const;
  const host = { uid: 1000, gid: 1000, env: [] };
  const input = inputOf(specWith([], { linux }), { host });
  const error = assertThrows(() => intermediateOps(input), SpecError);
  assertEquals(error.jsonPath, "linux.netDevices");
});
