import { assertEquals, assertThrows } from "@std/assert";
import { SpecError } from "../../../runtime/errors.ts";
import { intermediateOps } from "../../../runtime/plan/namespaces.ts";
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
    ...ENTER_USER,
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
