import { assert, assertEquals } from "@std/assert";
import { type Vmm, vmmRunner } from "../../../../executors/libkrun/vmm_plan.ts";
import { compilePlan } from "../../../../runtime/plan/compile.ts";
import type { CompileInput } from "../../../../runtime/plan/compile_input.ts";
import { encodeGuestPlan } from "../../../../runtime/plan/encode.ts";
import type { Op, OpName, Plan } from "../../../../runtime/plan/op.ts";
import type { Spec } from "../../../../runtime/spec/spec.ts";
import { IDENTITY, inputOf, PROCESS, specWith } from "../../plan/input.ts";

const ALL = (1n << 64n) - 1n;
const VMM: Vmm = {
  early: [],
  opening: [],
  closing: [],
  capabilities: ALL,
  quiet: false,
  guestLimits: [],
  keepsGroups: false,
};

function planOf(spec: Spec, vmm: Partial<Vmm> = {}, rest: Partial<CompileInput> = {}): Plan {
  return compilePlan(inputOf(spec, { runner: vmmRunner({ ...VMM, ...vmm }), ...rest }));
}

function only<N extends OpName>(ops: readonly Op[], ...names: N[]): readonly Op[] {
  return ops.filter(({ op }) => (names as string[]).includes(op));
}

/** The operations from the first of one name to the one before the first of another. */
function part(ops: readonly Op[], first: OpName, end: OpName): readonly Op[] {
  const at = (name: OpName) => ops.findIndex(({ op }) => op === name);
  return ops.slice(at(first), at(end));
}

Deno.test("a VMM takes over before the pivot, enters the root as a process does, and drops privileges itself", () => {
  const opening: readonly Op[] = [{
    op: "krunLoad",
    before: [],
    libraries: ["libkrun.so.1"],
    abi: 1,
  }];
  const closing: readonly Op[] = [{ op: "krunEnter", builder: 0 }];
  const host = { uid: 0, gid: 0, env: [], libraryPath: "/opt/lib" };
  const spec = specWith(["mount"]);
  const plain = compilePlan(inputOf(spec));
  const { intermediate, init, vmm } = planOf(spec, { opening, closing }, { host });
  assertEquals(
    intermediate.filter(({ op }) => op !== "raiseLimit"),
    plain.intermediate.filter(({ op }) => op !== "ownStreams"),
  );
  const same = part(plain.init, "setsid", "reopenNull");
  assertEquals(init.slice(0, same.length), same);
  const [descriptors, kernelMounts, ...last] = init.slice(same.length);
  assertEquals([descriptors?.op, kernelMounts?.op], ["vmmDescriptors", "kernelMountsReadonly"]);
  assertEquals(last, [
    { op: "closeFds", preserve: 0 },
    { op: "execVmm", env: ["LD_LIBRARY_PATH=/opt/lib"] },
  ]);
  const enter = part(plain.init, "pivotRoot", "closeFds");
  assertEquals(vmm, [...opening, ...enter, ...IDENTITY, { op: "awaitStart" }, ...closing]);
});

Deno.test("a VMM opens its guest's sockets as the container's user, before it says that it is ready", () => {
  const mounts = [
    { destination: "/data", type: "bind", source: "/srv" },
    { destination: "/run/x.sock", type: "bind", source: "/run/x.sock" },
  ];
  const spec = specWith(["mount"], { mounts });
  const { vmm, guest } = planOf(spec, { agentFolder: "/run/kago/box", sockets: [1] });
  const at = vmm.findIndex(({ op }) => op === "hostSockets");
  assertEquals(vmm[at], { op: "hostSockets", paths: ["/run/x.sock"], from: "mounts" });
  assert(vmm.slice(0, at).some(({ op }) => op === "setuid" || op === "capset"));
  assertEquals(vmm[at + 1]?.op, "awaitStart");
  assertEquals(only(guest!, "openSocketTree").length, 1);
  const without = planOf(spec, { agentFolder: "/run/kago/box" });
  assertEquals(only([...without.vmm, ...without.guest!], "hostSockets", "openSocketTree"), []);
});

Deno.test("a VMM keeps its own part of the capabilities, and none to inherit", () => {
  const most = ["CAP_CHOWN", "CAP_SYS_ADMIN"];
  const capabilities = {
    bounding: most,
    permitted: most,
    effective: ["CAP_SYS_ADMIN"],
    inheritable: most,
    ambient: most,
  };
  const spec = specWith(["mount"], { process: { ...PROCESS, capabilities } });
  const { vmm } = planOf(spec, { capabilities: 0b11n });
  const from = "process.capabilities";
  assertEquals(vmm.filter(({ op }) => op.startsWith("cap")), [
    { op: "capBounding", mask: 1n, from: `${from}.bounding` },
    { op: "capset", effective: 0n, permitted: 1n, inheritable: 0n, from },
    { op: "capAmbient", mask: 0n, from: `${from}.ambient` },
  ]);
});

Deno.test("a VMM gets no descriptor of the caller's", () => {
  const { init } = planOf(specWith(["mount"]), {}, { preserveFds: 3 });
  assertEquals(init.find(({ op }) => op === "closeFds"), { op: "closeFds", preserve: 0 });
});

Deno.test("a VMM changes the AppArmor profile of its threads, and synchronises a filter", () => {
  const process = { ...PROCESS, apparmorProfile: "p" };
  const seccomp = { filter: new Uint8Array(), flags: 2, listener: false };
  for (const noNewPrivileges of [false, true]) {
    const spec = specWith(["mount"], { process: { ...process, noNewPrivileges } });
    const { vmm } = planOf(spec, {}, { seccomp });
    assertEquals(only(vmm, "threadLabel", "execLabel", "seccomp").map(({ from: _, ...op }) => op), [
      ...(noNewPrivileges ? [] : [{ op: "seccomp", filter: seccomp.filter, flags: 3 } as const]),
      { op: "threadLabel", file: "apparmor/current", label: "changeprofile p" },
      ...(noNewPrivileges ? [{ op: "seccomp", filter: seccomp.filter, flags: 3 } as const] : []),
    ]);
  }
});

Deno.test("a VMM takes its SELinux label in the container, before it waits for start, and its agent's files have the mounts'", () => {
  const [selinuxLabel, mountLabel] = ["u:r:container_kvm_t:s0", "u:object_r:container_file_t:s0"];
  const linux = { namespaces: [{ type: "mount" }], mountLabel } as const;
  const spec = specWith([], { linux, process: { ...PROCESS, selinuxLabel } });
  const { vmm } = planOf(spec, { agentFolder: "/run/kago/box" });
  const from = "process.selinuxLabel";
  const kept = only(vmm, "agentFiles", "pivotRoot", "threadLabel", "execLabel", "awaitStart");
  assertEquals(kept.map(({ op }) => op), ["agentFiles", "pivotRoot", "threadLabel", "awaitStart"]);
  assertEquals(kept[2], { op: "threadLabel", file: "current", label: selinuxLabel, from });
  assertEquals(only(vmm, "agentFiles").map((op) => "context" in op && op.context), [mountLabel]);
});

Deno.test("a VMM may keep the caller's groups, and waits for the hooks' states anew", () => {
  const hooks = { startContainer: [{ path: "/h" }] };
  const { vmm } = planOf(specWith(["mount"], { hooks }), { keepsGroups: true });
  assertEquals(only(vmm, "setgroups"), []);
  assertEquals(vmm[0], { op: "sync", point: 3, from: "hooks.startContainer" });
  assertEquals(only(planOf(specWith(["mount"])).vmm, "setgroups", "sync").length, 1);
});

Deno.test("a VMM with an agent has a door in the state, and neither limits nor the process, which the agent gets", () => {
  const rlimits = [{ type: "RLIMIT_NOFILE", soft: 10, hard: 20 }];
  const process = { ...PROCESS, user: { uid: 7, gid: 8 }, rlimits };
  const mounts = [{ destination: "/proc", type: "proc", source: "proc" }];
  const spec = specWith(["mount", "user"], { process, mounts });
  const agentFolder = "/run/kago/box";
  const { intermediate, vmm, guest } = planOf(spec, { agentFolder });
  assertEquals(only(intermediate, "agentDoor", "hardLimit", "raiseLimit"), [
    { op: "agentDoor", path: agentFolder },
    { op: "raiseLimit", resource: 7, most: 1048576n },
  ]);
  const plan = encodeGuestPlan(guest!);
  assertEquals(vmm[0], { op: "agentFiles", plan, uid: 7, gid: 8, context: "" });
  assertEquals(only(vmm, "rlimit", "softLimit", "exec"), []);
  assert(only(guest!, "rlimit", "exec").length === 2);
  const without = planOf(spec);
  assertEquals(only(without.intermediate, "raiseLimit").length, 1);
  assertEquals(only(without.vmm, "rlimit", "softLimit"), []);
});

Deno.test("a guest's kernel is silent before anything else is done in there, where that is asked for", () => {
  const guestOf = (quiet: boolean) =>
    planOf(specWith(["mount"]), { agentFolder: "/run", quiet }).guest!;
  const [first, ...rest] = guestOf(true);
  assertEquals(first, { op: "writeFile", path: "/proc/sys/kernel/printk", data: "1" });
  assertEquals(rest, guestOf(false));
});

Deno.test("a VMM makes its terminal transparent first of all, where the agent gives the process one of its own", () => {
  const spec = specWith(["mount"], { process: { ...PROCESS, terminal: true } });
  const { vmm } = planOf(spec, { agentFolder: "/run/kago/box" });
  assertEquals(vmm[0], { op: "vmmTerminal", from: "process.terminal" });
  assertEquals(only(planOf(spec).vmm, "vmmTerminal"), []);
  assertEquals(only(planOf(specWith(["mount"]), { agentFolder: "/a" }).vmm, "vmmTerminal"), []);
});
