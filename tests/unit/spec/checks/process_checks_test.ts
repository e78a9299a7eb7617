import { assertEquals } from "@std/assert";
import { RLIMITS } from "../../../../runtime/spec/rlimits.ts";
import { big, check, type Refusal, testPasses, testRefusals } from "./refusals.ts";

function refusal(path: string, value: unknown, problem: string, jsonPath = path): Refusal {
  return { changes: [[path, value]], jsonPath, problem };
}

const ARGS = "is required, with at least the program to run";

testRefusals({
  "a process without args": refusal("process.args", undefined, ARGS),
  "empty args": refusal("process.args", [], ARGS),
  "an empty program": refusal(
    "process.args[0]",
    "",
    "is empty, must name a program",
  ),
  "a relative cwd": refusal("process.cwd", "tmp", 'must be an absolute path, got "tmp"'),
  "an empty cwd": refusal("process.cwd", "", 'must be an absolute path, got ""'),
  "an environment entry without =": refusal(
    "process.env[1]",
    "HOME",
    "must be NAME=value, it has no =",
  ),
  "an environment entry without a name": refusal(
    "process.env[1]",
    "=x",
    "must be NAME=value, it has no name",
  ),
  "an unknown limit": refusal(
    "process.rlimits",
    [{ type: "RLIMIT_FOO", soft: 1, hard: 1 }],
    `"RLIMIT_FOO" is unknown, must be one of RLIMIT_ and ${
      Object.keys(RLIMITS).map((name) => name.slice(7)).join(", ")
    }`,
    "process.rlimits[0].type",
  ),
  "the same limit twice": refusal(
    "process.rlimits",
    ["NOFILE", "CPU", "NOFILE"].map((name) => ({ type: `RLIMIT_${name}`, soft: 1, hard: 1 })),
    "RLIMIT_NOFILE is listed twice",
    "process.rlimits[2].type",
  ),
  "a soft limit above the hard one": refusal(
    "process.rlimits",
    big('[{"type": "RLIMIT_CPU", "soft": 18446744073709551615, "hard": 18446744073709551614}]'),
    "18446744073709551615 is more than the hard limit of 18446744073709551614",
    "process.rlimits[0].soft",
  ),
  "a umask beyond the permissions": refusal(
    "process.user.umask",
    0o1000,
    "512 is out of range, must be 0 to 511",
  ),
  "an oomScoreAdj beyond 1000": refusal(
    "process.oomScoreAdj",
    -1001,
    "-1001 is out of range, must be -1000 to 1000",
  ),
  "a nice value of 20": refusal(
    "process.scheduler",
    { policy: "SCHED_OTHER", nice: 20 },
    "20 is out of range, must be -20 to 19",
    "process.scheduler.nice",
  ),
  "a priority for a policy without": refusal(
    "process.scheduler",
    { policy: "SCHED_BATCH", priority: 5 },
    "cannot be combined with SCHED_BATCH, only with SCHED_FIFO and SCHED_RR",
    "process.scheduler.priority",
  ),
  "a deadline for a policy without": refusal(
    "process.scheduler",
    { policy: "SCHED_RR", priority: 5, deadline: 1000 },
    "cannot be combined with SCHED_RR, only with SCHED_DEADLINE",
    "process.scheduler.deadline",
  ),
  "an I/O priority of 8": refusal(
    "process.ioPriority",
    { class: "IOPRIO_CLASS_BE", priority: 8 },
    "8 is out of range, must be 0 to 7",
    "process.ioPriority.priority",
  ),
});

testPasses({
  "an empty environment value": [["process.env", ["A=", "B=c=d"]]],
  "an unlimited limit": [[
    "process.rlimits",
    big('[{"type": "RLIMIT_CORE", "soft": 0, "hard": 18446744073709551615}]'),
  ]],
  "a process without user, env and limits": [["process", { cwd: "/", args: ["sh"] }]],
  "the parameters of SCHED_FIFO": [["process.scheduler", { policy: "SCHED_FIFO", priority: 99 }]],
  "the parameters of SCHED_DEADLINE": [[
    "process.scheduler",
    { policy: "SCHED_DEADLINE", runtime: 1, deadline: 2, period: 3 },
  ]],
});

Deno.test("checkSpec() warns of unknown capabilities once for each name", async () => {
  const sets = { bounding: ["CAP_X", "CAP_KILL", "constructor"], effective: ["CAP_X"] };
  assertEquals(await check(["process.capabilities", sets]), [
    "process.capabilities: ignoring the unknown CAP_X, constructor",
  ]);
});

Deno.test("checkSpec() warns of ambient capabilities that cannot be raised", async () => {
  const [KILL, CHOWN] = ["CAP_KILL", "CAP_CHOWN"];
  const warningsOf = (sets: Record<string, readonly string[]>) =>
    check(["process.capabilities", sets]);
  assertEquals(
    await warningsOf({ permitted: [KILL], inheritable: [KILL, CHOWN], ambient: [KILL] }),
    [],
  );
  const why = "only capabilities that are also permitted and inheritable can be ambient";
  assertEquals(
    await warningsOf({ permitted: [KILL], inheritable: [KILL, CHOWN], ambient: [CHOWN, KILL] }),
    [`process.capabilities.ambient: ignoring CAP_CHOWN: ${why}`],
  );
  const many = [KILL, CHOWN, "CAP_FOWNER", "CAP_FSETID", "CAP_MKNOD"];
  assertEquals(
    await warningsOf({ ambient: many }),
    [`process.capabilities.ambient: ignoring CAP_KILL, CAP_CHOWN, CAP_FOWNER and 2 more: ${why}`],
  );
});
