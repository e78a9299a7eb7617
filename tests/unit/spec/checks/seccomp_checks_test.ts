import { type Refusal, testPasses, testRefusals } from "./refusals.ts";

function refusal(seccomp: Record<string, unknown>, field: string, problem: string): Refusal {
  return {
    changes: [["linux.seccomp", { defaultAction: "SCMP_ACT_ALLOW", ...seccomp }]],
    jsonPath: `linux.seccomp.${field}`,
    problem,
  };
}

function rule(action: string, more: Record<string, unknown> = {}) {
  return { names: ["chroot"], action, ...more };
}

const NO_ERRNO = (action: string) =>
  `cannot be combined with ${action}, only with SCMP_ACT_ERRNO and SCMP_ACT_TRACE`;

testRefusals({
  "an errno for a default action without": refusal(
    { defaultErrnoRet: 1 },
    "defaultErrnoRet",
    NO_ERRNO("SCMP_ACT_ALLOW"),
  ),
  "an errno for a system call's action without": refusal(
    { syscalls: [rule("SCMP_ACT_ERRNO"), rule("SCMP_ACT_KILL", { errnoRet: 1 })] },
    "syscalls[1].errnoRet",
    NO_ERRNO("SCMP_ACT_KILL"),
  ),
  "an errno that the kernel would cut": refusal(
    { syscalls: [rule("SCMP_ACT_ERRNO", { errnoRet: 4096 })] },
    "syscalls[0].errnoRet",
    "4096 is out of range, must be 0 to 4095",
  ),
  "a trace value of 17 bits": refusal(
    { syscalls: [rule("SCMP_ACT_TRACE", { errnoRet: 65536 })] },
    "syscalls[0].errnoRet",
    "65536 is out of range, must be 0 to 65535",
  ),
  "a seventh argument": refusal(
    {
      syscalls: [
        rule("SCMP_ACT_ERRNO", { args: [{ index: 6, value: 0, op: "SCMP_CMP_EQ" }] }),
      ],
    },
    "syscalls[0].args[0].index",
    "6 is out of range, must be 0 to 5",
  ),
  "notify as the default action": refusal(
    { defaultAction: "SCMP_ACT_NOTIFY", listenerPath: "/run/agent" },
    "defaultAction",
    "cannot be SCMP_ACT_NOTIFY: the runtime's own system calls would wait for an answer",
  ),
  "notify for write": refusal(
    {
      listenerPath: "/run/agent",
      syscalls: [{ names: ["read", "write"], action: "SCMP_ACT_NOTIFY" }],
    },
    "syscalls[0].names",
    "cannot have write with SCMP_ACT_NOTIFY: the runtime needs it before an agent listens",
  ),
  "notify without a listener": refusal(
    { syscalls: [rule("SCMP_ACT_NOTIFY")] },
    "listenerPath",
    "is required for SCMP_ACT_NOTIFY",
  ),
  "metadata without a listener": refusal(
    { listenerMetadata: "x" },
    "listenerMetadata",
    "needs listenerPath",
  ),
});

testPasses({
  "a filter without system calls": [["linux.seccomp", { defaultAction: "SCMP_ACT_ALLOW" }]],
  "errnos of the actions that take one": [["linux.seccomp", {
    defaultAction: "SCMP_ACT_ERRNO",
    defaultErrnoRet: 38,
    syscalls: [rule("SCMP_ACT_TRACE", { errnoRet: 65535 }), rule("SCMP_ACT_ERRNO")],
  }]],
  "notify with a listener": [["linux.seccomp", {
    defaultAction: "SCMP_ACT_ALLOW",
    listenerPath: "/run/agent",
    listenerMetadata: "x",
    syscalls: [rule("SCMP_ACT_NOTIFY")],
  }]],
});
