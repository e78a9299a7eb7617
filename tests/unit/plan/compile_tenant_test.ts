import { assertEquals, assertThrows } from "@std/assert";
import { SpecError } from "../../../runtime/common/errors.ts";
import { compileTenantPlan, type TenantInput } from "../../../runtime/plan/compile_tenant.ts";
import type { Op } from "../../../runtime/plan/op.ts";
import { NAMESPACES } from "../../../runtime/spec/namespaces.ts";
import type { Process, Spec } from "../../../runtime/spec/spec.ts";
import { IDENTITY, inputOf, PROCESS, specWith } from "./input.ts";

const { mount, pid, user } = NAMESPACES;

const JOIN_CGROUP: Op = { op: "writeFile", path: "/cg/box/tasks", data: "0" };

function tenantOf(spec: Spec, rest: Partial<TenantInput> = {}): TenantInput {
  const { bundle: _, noPivot: __, ...input } = inputOf(spec);
  return { ...input, namespaces: mount.flag | pid.flag, joinOps: [JOIN_CGROUP], ...rest };
}

const PROGRAM: readonly Op[] = [
  { op: "findProgram", file: "sh", search: "/bin", from: "process.args[0]" },
  { op: "awaitStart" },
  { op: "exec", args: ["sh"], env: ["PATH=/bin"], from: "process.args" },
];

Deno.test("compileTenantPlan() gives a minimal tenant this whole plan", () => {
  assertEquals(compileTenantPlan(tenantOf(specWith(["mount", "pid"]))), {
    intermediate: [
      { op: "closeFds", preserve: 0 },
      JOIN_CGROUP,
      { op: "joinProcess", namespaces: 0x20020000 },
      { op: "cloneInit" },
    ],
    init: [
      { op: "setsid" },
      { op: "sessionKeyring", name: "_ses.box" },
      { op: "reopenNull" },
      { op: "ownStreams", uid: 0, from: "process.user.uid" },
      { op: "findHome", uid: 0 },
      { op: "prepareCwd", path: "/", make: 0, from: "process.cwd" },
      ...IDENTITY,
      ...PROGRAM,
    ],
    vmm: [],
  });
});

Deno.test("compileTenantPlan() joins a user namespace with all others and then becomes its root", () => {
  const namespaces = mount.flag | user.flag;
  const plan = compileTenantPlan(tenantOf(specWith(["mount", "user"]), { namespaces }));
  assertEquals(plan.intermediate.slice(2), [
    { op: "joinProcess", namespaces: 0x10020000 },
    { op: "becomeRoot" },
    { op: "cloneInit" },
  ]);
});

Deno.test("compileTenantPlan() enters the root of a container that shares all namespaces", () => {
  const plan = compileTenantPlan(tenantOf(specWith([]), { namespaces: 0, noNewKeyring: true }));
  assertEquals(plan.intermediate.slice(2), [{ op: "cloneInit" }]);
  assertEquals(plan.init.slice(0, 2), [
    { op: "setsid" },
    { op: "enterRoot", path: "/bundle/rootfs", from: "root.path" },
  ]);
});

Deno.test("compileTenantPlan() sets affinities before and after the cgroup, the score before the namespaces", () => {
  const process = {
    ...PROCESS,
    oomScoreAdj: -5,
    execCPUAffinity: { initial: "0-1", final: "33" },
  };
  const { intermediate } = compileTenantPlan(tenantOf(specWith(["mount"], { process })));
  assertEquals(intermediate.slice(1, 6), [
    { op: "cpuAffinity", cpus: [3], from: "process.execCPUAffinity.initial" },
    JOIN_CGROUP,
    { op: "cpuAffinity", cpus: [0, 2], from: "process.execCPUAffinity.final" },
    { op: "writeFile", path: "/proc/self/oom_score_adj", data: "-5", from: "process.oomScoreAdj" },
    { op: "joinProcess", namespaces: 0x20020000 },
  ]);
});

Deno.test("compileTenantPlan() gives a terminal that is not the container's /dev/console", () => {
  const process = { ...PROCESS, terminal: true, consoleSize: { height: 24, width: 80 } };
  const { init } = compileTenantPlan(tenantOf(specWith(["mount"], { process })));
  assertEquals(init[3], {
    op: "console",
    rows: 24,
    columns: 80,
    uid: 0,
    bind: 0,
    from: "process.terminal",
  });
});

Deno.test("compileTenantPlan() runs none of the container's hooks", () => {
  const hooks = { startContainer: [{ path: "/hook" }], createContainer: [{ path: "/hook" }] };
  const { init } = compileTenantPlan(tenantOf(specWith(["mount"], { hooks })));
  assertEquals(init.filter(({ op }) => op === "hook" || op === "sync"), []);
});

Deno.test("compileTenantPlan() loads a filter where create does", () => {
  const seccomp = { filter: new Uint8Array(8), flags: 0, listener: false };
  const names = (noNewPrivileges: boolean) => {
    const process = { ...PROCESS, noNewPrivileges };
    return compileTenantPlan(tenantOf(specWith(["mount"], { process }), { seccomp }))
      .init.map(({ op }) => op);
  };
  const early = names(false);
  assertEquals(early[early.indexOf("seccomp") - 1], "umask");
  assertEquals(names(true).slice(-3), ["awaitStart", "seccomp", "exec"]);
});

Deno.test("compileTenantPlan() refuses what it cannot carry out, by place", () => {
  const refused = (process: Process) =>
    assertThrows(() => compileTenantPlan(tenantOf(specWith(["mount"], { process }))), SpecError)
      .jsonPath;
  assertEquals(
    refused({ ...PROCESS, execCPUAffinity: { initial: "3-1" } }),
    "process.execCPUAffinity.initial",
  );
});
