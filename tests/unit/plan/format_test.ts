import { assertEquals } from "@std/assert";
import {
  formatOp,
  formatPlan,
  formatPlanDiff,
  formatSettings,
  nameOp,
  planToJson,
} from "../../../runtime/plan/format.ts";
import { KRUN_ARGUMENTS, type KrunArgument, type Plan } from "../../../runtime/plan/op.ts";

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
   1  rlimit resource=RLIMIT_NOFILE soft=1 hard=unlimited  # process.rlimits[0]
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

Deno.test("formatOp() writes a call of libkrun as one would in C, and names what is known at run time only", () => {
  const kinds = (...names: KrunArgument[]) => names.map((name) => KRUN_ARGUMENTS.indexOf(name));
  const call = {
    op: "krunCall",
    function: "krun_f",
    wantedBy: "w",
    ifIsolated: 0,
    keepResult: 0,
    kinds: kinds("context", "null", "mac", "list", "text", "number", "passt"),
    numbers: [0x020000000001n, 2n, 2n ** 64n - 1n],
    texts: ["a", 'b"', "c"],
    from: "w",
  } as const;
  const written = 'krunCall krun_f(context, NULL, 02:00:00:00:00:01, ["a","b\\""], "c", -1, passt)';
  assertEquals(formatOp(call), written);
  assertEquals(formatPlan({ ...PLAN, vmm: [call] }).split("\n").at(-2), `   1  ${written}  # w`);
  assertEquals(
    formatOp({ ...call, ifIsolated: 1, keepResult: 1 }),
    `${written} ifIsolated keepResult`,
  );
  assertEquals(formatOp({ ...call, ifIsolated: 2 }), `${written} unlessIsolated`);
  assertEquals(nameOp(call), "krunCall krun_f");
});

Deno.test("formatSettings() lines up names, and has nothing for an executor without settings", () => {
  const settings = [
    { name: "cpus", value: "2", from: 'annotations["krun.cpus"]' },
    { name: "log level", value: "1", from: "default" },
  ];
  assertEquals(
    formatSettings(settings),
    'settings:\n      cpus       2  # annotations["krun.cpus"]\n      log level  1  # default\n',
  );
  assertEquals(formatSettings(), "");
  assertEquals(JSON.parse(planToJson(PLAN, settings)).settings, settings);
  assertEquals(JSON.parse(planToJson(PLAN)).settings, undefined);
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
    'hook path=/h timeout=0 state=0 cwd="" wantedBy="hooks.poststop[0]"',
  );
  assertEquals(nameOp({ op: "cloneInit" }), "cloneInit");
});

Deno.test("formatOp() has flags in words, switches by their names, and leaves out what does nothing", () => {
  assertEquals(
    formatOp({ op: "unshare", flags: 0x6e020000 }),
    "unshare flags=NEWNS|NEWCGROUP|NEWUTS|NEWIPC|NEWPID|NEWNET",
  );
  assertEquals(
    formatOp({ op: "setns", path: "/n", nstype: 0x10000000 }),
    "setns path=/n nstype=NEWUSER",
  );
  assertEquals(
    formatOp({ op: "propagation", path: "/", flags: 0x84000 }),
    "propagation path=/ flags=rslave",
  );
  assertEquals(formatOp({ op: "sync", point: 5 }), "sync point=cgroup");
  assertEquals(
    formatOp({ op: "capBounding", mask: 0x20000420n }),
    "capBounding mask=CAP_KILL|CAP_NET_BIND_SERVICE|CAP_AUDIT_WRITE",
  );
  assertEquals(formatOp({ op: "capAmbient", mask: 0n }), "capAmbient mask=none");
  assertEquals(formatOp({ op: "umask", mask: 18 }), "umask mask=022");
  assertEquals(
    formatOp({
      op: "bind",
      source: "/s",
      target: "/t",
      recursive: 1,
      attrsSet: 0x20000fn,
      attrsClear: 0n,
      attrsUnnamed: 0n,
      recAttrsSet: 0n,
      recAttrsClear: 0n,
      propagation: 0x40000,
      slot: 0xffffffff,
      noFollow: 0,
      procfs: 2,
      links: 0,
    }),
    "bind source=/s target=/t recursive attrsSet=ro,nosuid,nodev,noexec,nosymfollow propagation=private procfs=source",
  );
});

Deno.test("formatOp() leaves bits and numbers without a name as they are", () => {
  assertEquals(formatOp({ op: "unshare", flags: 0x20001 }), "unshare flags=NEWNS|0x1");
  assertEquals(formatOp({ op: "sync", point: 99 }), "sync point=99");
});

Deno.test("formatPlanDiff() names the stages that differ, and what is around a difference", () => {
  const steps = ["a", "b", "c", "d"].map((name) => ({ op: "sethostname", name } as const));
  const plan = (init: Plan["init"]): Plan => ({
    intermediate: [{ op: "cloneInit" }],
    init,
    vmm: [],
  });
  assertEquals(formatPlanDiff(plan(steps), plan(steps)), "");
  assertEquals(
    formatPlanDiff(plan(steps), plan([...steps.slice(0, 3), { op: "setsid" }])),
    `init:
  sethostname name=b
  sethostname name=c
- sethostname name=d
+ setsid
`,
  );
});
