import { assertEquals, assertThrows } from "@std/assert";
import { closeFd } from "../../../ffi/descriptors.ts";
import { openPidfd } from "../../../ffi/processes.ts";
import { planFault } from "../../../ffi/shim.ts";
import { CALLS } from "../../../ffi/shim_call.ts";
import { SyscallError } from "../../../runtime/common/errors.ts";
import { encodePlan } from "../../../runtime/plan/encode.ts";
import { operationsHeader } from "../../../scripts/generate_ops.ts";

const HELPERS = new URL("../../../helper-c/", import.meta.url);

Deno.test("CALLS is the header's list, in its order", () => {
  const header = Deno.readTextFileSync(new URL("shim/shim.h", HELPERS));
  const list = header.slice(header.indexOf("#define SHIM_CALLS"));
  assertEquals([...CALLS], [...list.matchAll(/^ {2}X\((\w+)\)/gm)].map((match) => match[1]));
});

Deno.test("ops.gen.h is what the table of operations generates", () => {
  assertEquals(Deno.readTextFileSync(new URL("common/ops.gen.h", HELPERS)), operationsHeader());
});

Deno.test("planFault() finds nothing wrong with what encodePlan() makes", () => {
  const plan = encodePlan({
    intermediate: [{ op: "writeFile", path: "/x", data: "0" }, { op: "cloneInit" }],
    init: [{ op: "setgroups", gids: [1, 2] }, { op: "exec", args: ["a"], env: [] }],
    vmm: [],
  });
  assertEquals(planFault(plan), undefined);
});

Deno.test("planFault() says where a plan is malformed", () => {
  const plan = encodePlan({ intermediate: [{ op: "cloneInit" }], init: [], vmm: [] });
  plan[28] = 0xff;
  assertEquals(planFault(plan), "malformed plan at byte 28: operation 0: unknown opcode");
});

Deno.test("a failing call throws a SyscallError with the kernel's errno", () => {
  const error = assertThrows(() => closeFd(999_999), SyscallError);
  assertEquals(error.errno, 9);
});

Deno.test("openPidfd() of a number that is now a thread's is undefined", () => {
  const threads = [...Deno.readDirSync("/proc/self/task")].map(({ name }) => Number(name));
  const thread = threads.find((id) => id !== Deno.pid)!;
  assertEquals(openPidfd(thread), undefined);
});

Deno.test("openPidfd() of a process that is not there is undefined", () => {
  assertEquals(openPidfd(2 ** 22 + 1), undefined);
});
