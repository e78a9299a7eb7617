import { assertEquals } from "@std/assert";
import { encodeGuestPlan } from "../../../../../runtime/plan/encode.ts";
import { compileGuestTenantPlan } from "../../../../../executors/libkrun/guest/tenant_plan.ts";
import type { Process } from "../../../../../runtime/spec/spec.ts";
import { inputOf, PROCESS, specWith } from "../../../plan/input.ts";

function planOf(process: Process) {
  const input = inputOf(specWith(["mount"], { process }));
  const join = { op: "writeFile", path: "/sys/fs/cgroup/box/cgroup.procs", data: "0" } as const;
  return compileGuestTenantPlan({ ...input, agentFolder: "/run/kago/box/vm", joinOps: [join] });
}

Deno.test("compileGuestTenantPlan() leaves on the host what stands for the process, in its cgroup", () => {
  const { intermediate, init, vmm, guest } = planOf(PROCESS);
  assertEquals(intermediate, [
    { op: "closeFds", preserve: 0 },
    { op: "writeFile", path: "/sys/fs/cgroup/box/cgroup.procs", data: "0" },
    { op: "cloneInit" },
  ]);
  assertEquals(init, [
    { op: "setsid" },
    { op: "awaitStart" },
    {
      op: "guestSession",
      folder: "/run/kago/box/vm",
      plan: encodeGuestPlan(guest!),
      terminal: 0,
    },
  ]);
  assertEquals(vmm, []);
});

Deno.test("compileGuestTenantPlan() gives both sides a terminal of the same size", () => {
  const consoleSize = { height: 3, width: 5 };
  const { init, guest } = planOf({ ...PROCESS, terminal: true, consoleSize });
  const from = "process.terminal";
  assertEquals(init[1], { op: "sessionTerminal", rows: 3, columns: 5, from });
  assertEquals(guest![1], { op: "guestTerminal", rows: 3, columns: 5, uid: 0, from });
});

Deno.test("compileGuestTenantPlan() makes the process in the guest, in a folder that must be there", () => {
  const ops = planOf({ ...PROCESS, cwd: "/srv", user: { uid: 7, gid: 8 } }).guest!;
  assertEquals(ops.filter(({ op }) => op === "prepareCwd"), [
    { op: "prepareCwd", path: "/srv", make: 0, from: "process.cwd" },
  ]);
  assertEquals(ops.at(-1), { op: "exec", args: ["sh"], env: ["PATH=/bin"], from: "process.args" });
});
