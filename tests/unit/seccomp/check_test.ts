import { assertEquals, assertThrows } from "@std/assert";
import { SpecError } from "../../../runtime/common/errors.ts";
import { checkSeccomp } from "../../../runtime/seccomp/check.ts";
import type { Seccomp } from "../../../runtime/spec/spec.ts";
import { allowing, podmanProfile } from "./profile.ts";

const UNKNOWN = "SCMP_NONESUCH" as never;
const RULE = { names: ["ptrace"], action: "SCMP_ACT_ERRNO" } as const;
const ARG = { index: 0, value: 1, op: "SCMP_CMP_EQ" } as const;

/** The place that the SpecError of a profile names. */
function faultOf(seccomp: Seccomp): string {
  return assertThrows(() => checkSeccomp(seccomp), SpecError).jsonPath;
}

/** The places that warnings name. */
function warnedOf(seccomp: Seccomp): string[] {
  return checkSeccomp(seccomp).map((warning) => warning.slice(0, warning.indexOf(":")));
}

Deno.test("checkSeccomp() finds nothing wrong with podman's profile", () => {
  assertEquals(checkSeccomp(podmanProfile()), []);
});

Deno.test("checkSeccomp() names the place of each unknown name", () => {
  const faults: [Seccomp, string][] = [
    [{ defaultAction: UNKNOWN }, "defaultAction"],
    [{ ...allowing(), architectures: ["SCMP_ARCH_X86", UNKNOWN] }, "architectures[1]"],
    [{ ...allowing(), flags: [UNKNOWN] }, "flags[0]"],
    [allowing(RULE, { ...RULE, action: UNKNOWN }), "syscalls[1].action"],
    [allowing({ ...RULE, args: [ARG, { ...ARG, op: UNKNOWN }] }), "syscalls[0].args[1].op"],
    [allowing({ ...RULE, names: ["read", ""] }), "syscalls[0].names[1]"],
  ];
  for (const [seccomp, place] of faults) assertEquals(faultOf(seccomp), `linux.seccomp.${place}`);
});

Deno.test("checkSeccomp() makes the checks of every config.json, too", () => {
  const notify = { names: ["mknod"], action: "SCMP_ACT_NOTIFY" } as const;
  const faults: [Seccomp, string][] = [
    [{ ...allowing(), defaultErrnoRet: 1 }, "defaultErrnoRet"],
    [allowing({ ...RULE, action: "SCMP_ACT_KILL", errnoRet: 5 }), "syscalls[0].errnoRet"],
    [allowing({ ...RULE, errnoRet: 70_000 }), "syscalls[0].errnoRet"],
    [allowing({ ...RULE, args: [{ ...ARG, index: 6 }] }), "syscalls[0].args[0].index"],
    [{ defaultAction: "SCMP_ACT_NOTIFY" }, "defaultAction"],
    [allowing(notify), "listenerPath"],
    [{ ...allowing({ ...notify, names: ["write"] }), listenerPath: "/s" }, "syscalls[0].names"],
    [{ ...allowing(), listenerMetadata: "x" }, "listenerMetadata"],
  ];
  for (const [seccomp, place] of faults) assertEquals(faultOf(seccomp), `linux.seccomp.${place}`);
});

Deno.test("checkSeccomp() warns of a range that is none", () => {
  const range = [{ ...ARG, op: "SCMP_CMP_GE" }, { ...ARG, op: "SCMP_CMP_LE", value: 9 }] as const;
  assertEquals(warnedOf(allowing({ ...RULE, args: range })), ["linux.seccomp.syscalls[0].args"]);
  assertEquals(warnedOf(allowing({ ...RULE, args: [ARG, { ...ARG, index: 1 }] })), []);
});

Deno.test("checkSeccomp() warns of listener settings that no rule uses", () => {
  const flags = ["SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"] as const;
  assertEquals(warnedOf({ ...allowing(RULE), listenerPath: "/s", flags }), [
    "linux.seccomp.listenerPath",
    "linux.seccomp.flags[0]",
  ]);
  const notify = { names: ["mknod"], action: "SCMP_ACT_NOTIFY" } as const;
  assertEquals(warnedOf({ ...allowing(notify), listenerPath: "/s", flags }), []);
});
