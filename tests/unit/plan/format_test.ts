import { assertEquals } from "@std/assert";
import { formatPlan, nameOp, planToJson } from "../../../runtime/plan/format.ts";
import type { Plan } from "../../../runtime/plan/op.ts";

const PLAN: Plan = {
  intermediate: [{ op: "cloneInit" }],
  init: [
    { op: "rlimit", resource: 7, soft: 1n, hard: 2n ** 64n - 1n, from: "process.rlimits[0]" },
    { op: "exec", args: ["sh", "-c", "a b"], env: [] },
  ],
  vmm: [],
};

Deno.test("formatPlan() numbers the operations of each stage and names their origin", () => {
  assertEquals(
    formatPlan(PLAN),
    `intermediate:
   1  cloneInit
init:
   1  rlimit resource=7 soft=0x1 hard=0xffffffffffffffff  # process.rlimits[0]
   2  exec args=["sh","-c","a b"] env=[]
`,
  );
});

Deno.test("planToJson() keeps 64-bit values whole", () => {
  assertEquals(JSON.parse(planToJson(PLAN)).init[0], {
    op: "rlimit",
    resource: 7,
    soft: 1,
    hard: "18446744073709551615",
    from: "process.rlimits[0]",
  });
});

Deno.test("nameOp() leaves the environment and the arguments out", () => {
  const hook = {
    op: "hook",
    path: "/h",
    args: ["h"],
    env: ["SECRET=1"],
    timeout: 0,
    state: 0,
    cwd: "",
    home: 0,
    wantedBy: "hooks.poststop[0]",
  } as const;
  assertEquals(
    nameOp(hook),
    'hook path=/h timeout=0 state=0 cwd="" home=0 wantedBy="hooks.poststop[0]"',
  );
  assertEquals(nameOp({ op: "cloneInit" }), "cloneInit");
});
