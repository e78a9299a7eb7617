import { assertEquals, assertThrows } from "@std/assert";
import { SpecError } from "../../../runtime/common/errors.ts";
import { nodeMask, scheduleOps } from "../../../runtime/plan/schedule.ts";
import { PROCESS, specWith } from "./input.ts";

Deno.test("scheduleOps() carries out ioPriority, scheduler, personality and memoryPolicy", () => {
  const spec = specWith([], {
    linux: {
      personality: { domain: "LINUX32" },
      memoryPolicy: { mode: "MPOL_BIND", nodes: "0,33", flags: ["MPOL_F_STATIC_NODES"] },
    },
  });
  const process = {
    ...PROCESS,
    ioPriority: { class: "IOPRIO_CLASS_IDLE", priority: 7 },
    scheduler: {
      policy: "SCHED_DEADLINE",
      nice: -5,
      flags: ["SCHED_FLAG_RECLAIM", "SCHED_FLAG_DL_OVERRUN"],
      runtime: 10,
      deadline: 20,
      period: 2n ** 60n,
    },
  } as const;
  assertEquals(scheduleOps(spec, process), [
    { op: "ioPriority", value: (3 << 13) | 7, from: "process.ioPriority" },
    {
      op: "scheduler",
      policy: 6,
      flags: 6n,
      nice: 0xfffffffb,
      priority: 0,
      runtime: 10n,
      deadline: 20n,
      period: 2n ** 60n,
      from: "process.scheduler",
    },
    { op: "personality", persona: 8, from: "linux.personality.domain" },
    { op: "memoryPolicy", mode: 2 | 1 << 15, nodes: [1, 2], from: "linux.memoryPolicy" },
  ]);
});

Deno.test("nodeMask() reads ranges and refuses what is no list of nodes", () => {
  assertEquals(nodeMask(""), []);
  assertEquals(nodeMask("0-3, 31"), [0x8000000f]);
  assertEquals(nodeMask("64"), [0, 0, 1]);
  for (const list of ["a", "3-1", "1-", "-1", "0-99999"]) {
    const error = assertThrows(() => nodeMask(list), SpecError);
    assertEquals(error.jsonPath, "linux.memoryPolicy.nodes");
  }
});
