import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { nativeArchitecture } from "../../../ffi/libseccomp.ts";
import { SpecError } from "../../../runtime/common/errors.ts";
import { compileFilter } from "../../../runtime/seccomp/compile.ts";
import type { Seccomp, SeccompArg, SeccompOperator } from "../../../runtime/spec/spec.ts";
import { runFilter } from "./bpf.ts";
import { ALLOW, allowing, decider, denying, errno, KILL_THREAD } from "./profile.ts";
import { given } from "../../../runtime/common/given.ts";

/** The place that the SpecError of a profile names. */
function faultOf(seccomp: Seccomp): string {
  return assertThrows(() => compileFilter(seccomp), SpecError).jsonPath;
}

Deno.test("compileFilter() makes each action the kernel's", () => {
  const actions = {
    SCMP_ACT_KILL: KILL_THREAD,
    SCMP_ACT_KILL_THREAD: KILL_THREAD,
    SCMP_ACT_KILL_PROCESS: 0x80000000,
    SCMP_ACT_TRAP: 0x00030000,
    SCMP_ACT_ERRNO: errno(1),
    SCMP_ACT_TRACE: 0x7ff00001,
    SCMP_ACT_LOG: 0x7ffc0000,
    SCMP_ACT_NOTIFY: 0x7fc00000,
  } as const;
  for (const [action, expected] of Object.entries(actions)) {
    const decide = decider(allowing({ names: ["ptrace"], action: action as keyof typeof actions }));
    assertEquals([decide("ptrace"), decide("read")], [expected, ALLOW], action);
  }
});

Deno.test("compileFilter() puts errnoRet and defaultErrnoRet into ERRNO and TRACE", () => {
  const decide = decider({
    defaultAction: "SCMP_ACT_TRACE",
    defaultErrnoRet: 0xffff,
    syscalls: [
      { names: ["ptrace"], action: "SCMP_ACT_ERRNO", errnoRet: 22 },
      { names: ["mount"], action: "SCMP_ACT_ERRNO", errnoRet: 0 },
      { names: ["umount2"], action: "SCMP_ACT_TRACE", errnoRet: 7 },
    ],
  });
  assertEquals(["ptrace", "mount", "umount2", "read"].map((name) => decide(name)), [
    errno(22),
    errno(0),
    0x7ff00007,
    0x7ff0ffff,
  ]);
});

Deno.test("compileFilter() does not let a huge errno become another action", () => {
  const allowInDisguise = 0x7fff0000 - 0x00050000;
  const decide = decider(
    allowing({ names: ["ptrace"], action: "SCMP_ACT_ERRNO", errnoRet: allowInDisguise + 1 }),
  );
  assertEquals(decide("ptrace"), errno(1));
});

const BIG = 2n ** 63n;
const VALUES = [0n, 1n, 7n, 8n, 2n ** 32n - 1n, 2n ** 32n, 2n ** 32n + 8n, BIG, 2n ** 64n - 1n];
const COMPARISONS: Record<SeccompOperator, (arg: bigint, value: bigint, two: bigint) => boolean> = {
  SCMP_CMP_NE: (arg, value) => arg !== value,
  SCMP_CMP_LT: (arg, value) => arg < value,
  SCMP_CMP_LE: (arg, value) => arg <= value,
  SCMP_CMP_EQ: (arg, value) => arg === value,
  SCMP_CMP_GE: (arg, value) => arg >= value,
  SCMP_CMP_GT: (arg, value) => arg > value,
  SCMP_CMP_MASKED_EQ: (arg, value, two) => (arg & value) === two,
};

Deno.test("compileFilter() compares all 64 bits of an argument with each operator", () => {
  for (const [name, holds] of Object.entries(COMPARISONS)) {
    const op = name as SeccompOperator;
    for (const value of VALUES) {
      const valueTwo = value & 8n;
      const arg = { index: 3, op, value, valueTwo };
      const decide = decider(
        allowing({ names: ["ptrace"], action: "SCMP_ACT_ERRNO", args: [arg] }),
      );
      for (const given of VALUES) {
        const expected = holds(given, value, valueTwo) ? errno(1) : ALLOW;
        assertEquals(decide("ptrace", 0n, 0n, 0n, given), expected, `${given} ${op} ${value}`);
      }
    }
  }
});

Deno.test("compileFilter() takes a number for a bigint of the same value", () => {
  const profile = (value: number | bigint) =>
    allowing({
      names: ["ptrace"],
      action: "SCMP_ACT_ERRNO",
      args: [{ index: 0, op: "SCMP_CMP_EQ", value }],
    });
  assertEquals(compileFilter(profile(2 ** 40)).filter, compileFilter(profile(2n ** 40n)).filter);
});

function equal(index: number, value: number): SeccompArg {
  return { index, op: "SCMP_CMP_EQ", value };
}

Deno.test("compileFilter() wants all conditions of different arguments", () => {
  const args = [equal(0, 1), equal(1, 2)];
  const decide = decider(allowing({ names: ["ptrace"], action: "SCMP_ACT_ERRNO", args }));
  assertEquals([decide("ptrace", 1n, 2n), decide("ptrace", 1n, 3n), decide("ptrace", 0n, 2n)], [
    errno(1),
    ALLOW,
    ALLOW,
  ]);
});

Deno.test("compileFilter() wants any condition when two are about one argument, as runc and crun", () => {
  const args = [equal(0, 1), equal(0, 2), equal(1, 3)];
  const decide = decider(allowing({ names: ["ptrace"], action: "SCMP_ACT_ERRNO", args }));
  assertEquals([decide("ptrace", 1n), decide("ptrace", 2n), decide("ptrace", 9n, 3n)], [
    errno(1),
    errno(1),
    errno(1),
  ]);
  assertEquals(decide("ptrace", 3n, 4n), ALLOW);
});

Deno.test("compileFilter() ignores names that libseccomp does not know", () => {
  const decide = decider(denying({ names: ["nonesuch", "read"], action: "SCMP_ACT_ALLOW" }));
  assertEquals(decide("read"), ALLOW);
});

Deno.test("compileFilter() warns when it ignores the name of a call that was to be denied", () => {
  const rule = { names: ["nonesuch", "ptrace"], action: "SCMP_ACT_ERRNO" } as const;
  const { warnings } = compileFilter(allowing(rule));
  assertEquals(warnings.length, 1);
  assertStringIncludes(warnings[0]!, "linux.seccomp.syscalls[0].names:");
  assertStringIncludes(warnings[0]!, "does not know nonesuch, so");
  assertEquals(compileFilter(denying({ ...rule, action: "SCMP_ACT_ALLOW" })).warnings, []);
});

Deno.test("compileFilter() leaves out rules that repeat the default action", () => {
  const decide = decider({
    defaultAction: "SCMP_ACT_ERRNO",
    defaultErrnoRet: 1,
    syscalls: [
      { names: ["ptrace"], action: "SCMP_ACT_ERRNO" },
      { names: ["mount"], action: "SCMP_ACT_ERRNO", errnoRet: 2 },
    ],
  });
  assertEquals([decide("ptrace"), decide("mount")], [errno(1), errno(2)]);
});

Deno.test("compileFilter() has the native architecture, listed or not, and kills on one that is not", () => {
  const rule = { names: ["ptrace"], action: "SCMP_ACT_ERRNO" } as const;
  const AUDIT_ARCH_PPC64LE = 0xc0000015;
  for (const architectures of [undefined, [], ["SCMP_ARCH_RISCV64"]] as const) {
    const { filter } = compileFilter({ ...allowing(rule), ...given({ architectures }) });
    const run = (architecture: number) => runFilter(filter, { architecture, number: 3 });
    assertEquals([run(nativeArchitecture()), run(AUDIT_ARCH_PPC64LE)], [ALLOW, KILL_THREAD]);
  }
});

Deno.test("compileFilter() translates rules for the architectures listed, twice or not", () => {
  const { filter } = compileFilter({
    ...allowing({ names: ["ptrace"], action: "SCMP_ACT_ERRNO" }),
    architectures: ["SCMP_ARCH_X86", "SCMP_ARCH_AARCH64", "SCMP_ARCH_X86"],
  });
  assertEquals(runFilter(filter, { architecture: 0x40000003, number: 26 }), errno(1));
  assertEquals(runFilter(filter, { architecture: 0xc00000b7, number: 117 }), errno(1));
});

Deno.test("compileFilter() names the place of what libseccomp refuses", () => {
  const arg = equal(0, 1);
  const ptrace = { names: ["read", "ptrace"], args: [arg] };
  assertEquals(
    faultOf(
      allowing({ ...ptrace, action: "SCMP_ACT_ERRNO" }, { ...ptrace, action: "SCMP_ACT_TRAP" }),
    ),
    "linux.seccomp.syscalls[1].names[0]",
  );
  assertEquals(
    faultOf(allowing({ names: ["ptrace"], action: "SCMP_ACT_ERRNO", args: [equal(6, 1)] })),
    "linux.seccomp.syscalls[0].names[0]",
  );
  assertEquals(
    faultOf({ defaultAction: "SCMP_ACT_ALLOW", architectures: ["SCMP_ARCH_S390X"] }),
    "linux.seccomp.architectures[0]",
  );
  assertEquals(
    faultOf({ defaultAction: "SCMP_ACT_ERRNO", defaultErrnoRet: 4095 }),
    "linux.seccomp.defaultAction",
  );
});

Deno.test("compileFilter() names the place of an unknown name", () => {
  const unknown = "SCMP_NONESUCH" as never;
  const args = [equal(0, 1), { ...equal(1, 1), op: unknown }];
  const rule = { names: ["ptrace"], action: "SCMP_ACT_ERRNO", args } as const;
  assertEquals(faultOf({ defaultAction: unknown }), "linux.seccomp.defaultAction");
  assertEquals(faultOf(allowing({ ...rule, action: unknown })), "linux.seccomp.syscalls[0].action");
  assertEquals(faultOf(allowing(rule)), "linux.seccomp.syscalls[0].args[1].op");
  assertEquals(
    faultOf({ ...allowing(), architectures: ["SCMP_ARCH_X86", unknown] }),
    "linux.seccomp.architectures[1]",
  );
  assertEquals(faultOf({ ...allowing(), flags: [unknown] }), "linux.seccomp.flags[0]");
  assertEquals(faultOf({ defaultAction: "constructor" as never }), "linux.seccomp.defaultAction");
});

Deno.test("compileFilter() refuses what has more instructions than the kernel takes", () => {
  const rules = Array.from({ length: 1100 }, (_, value) => ({
    names: ["ptrace"],
    action: "SCMP_ACT_ERRNO" as const,
    args: [equal(0, value * 2 ** 33 + value)],
  }));
  const error = assertThrows(() => compileFilter(allowing(...rules)), SpecError);
  assertEquals(error.jsonPath, "linux.seccomp");
  assertStringIncludes(error.message, "the kernel accepts at most 4096");
});

Deno.test("compileFilter() makes the same of the same profile", () => {
  const profile = denying({ names: ["read"], action: "SCMP_ACT_ALLOW" });
  assertEquals(compileFilter(profile), compileFilter(profile));
  assert(compileFilter(profile).filter.length % 8 === 0);
});
