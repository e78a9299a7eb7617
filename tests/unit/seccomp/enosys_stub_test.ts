import { assertEquals } from "@std/assert";
import { resolveArchitecture } from "../../../ffi/libseccomp.ts";
import { compileFilter } from "../../../runtime/seccomp/compile.ts";
import { encodeInstructions, enosysStub } from "../../../runtime/seccomp/enosys_stub.ts";
import type { Seccomp, SeccompAction } from "../../../runtime/spec/spec.ts";
import { runFilter } from "./bpf.ts";
import { ALLOW, decider, denying, errno, KILL_THREAD } from "./profile.ts";

const X86_64 = 0xc000003e;
const X32 = 0x4000003e;
const X86 = 0x40000003;
const AARCH64 = 0xc00000b7;
const S390X = 0x80000016;
const X32_BIT = 0x40000000;
const ENOSYS = errno(38);

/** What a stub decides with a filter behind it that allows everything. */
function stubDecider(...highest: [token: number, number: number][]) {
  const RETURN = 0x06;
  const program = encodeInstructions([...enosysStub(new Map(highest)), [RETURN, 0, 0, ALLOW]]);
  return (architecture: number, ...numbers: number[]) =>
    numbers.map((number) => runFilter(program, { architecture, number }));
}

Deno.test("enosysStub() answers above the highest number of the call's own architecture", () => {
  const decide = stubDecider([X86, 400], [AARCH64, 300], [X86_64, 200]);
  assertEquals(decide(X86, 0, 400, 401), [ALLOW, ALLOW, ENOSYS]);
  assertEquals(decide(AARCH64, 0, 300, 301, 400), [ALLOW, ALLOW, ENOSYS, ENOSYS]);
  assertEquals(decide(X86_64, 0, 200, 201), [ALLOW, ALLOW, ENOSYS]);
});

Deno.test("enosysStub() leaves other architectures to the filter", () => {
  const decide = stubDecider([X86, 400]);
  assertEquals(decide(AARCH64, 401, 0xffffffff), [ALLOW, ALLOW]);
});

Deno.test("enosysStub() tells x32 from x86_64 by the bit in the number", () => {
  const both = stubDecider([X86_64, 300], [X32, X32_BIT + 500]);
  assertEquals(both(X86_64, 300, 301), [ALLOW, ENOSYS]);
  assertEquals(both(X86_64, X32_BIT, X32_BIT + 500, X32_BIT + 501), [ALLOW, ALLOW, ENOSYS]);
  const only64 = stubDecider([X86_64, 300]);
  assertEquals(only64(X86_64, 301, X32_BIT, X32_BIT + 501, 0xffffffff), [
    ENOSYS,
    ALLOW,
    ALLOW,
    ALLOW,
  ]);
  const onlyX32 = stubDecider([X32, X32_BIT + 500]);
  assertEquals(onlyX32(X86_64, 301, X32_BIT + 501), [ALLOW, ENOSYS]);
});

Deno.test("enosysStub() answers to number 0 of s390x, which stands for numbers unknown to the kernel", () => {
  const decide = stubDecider([S390X, 400]);
  assertEquals(decide(S390X, 0, 1, 400, 401), [ENOSYS, ALLOW, ALLOW, ENOSYS]);
});

const RULES = [{ names: ["read", "openat2"], action: "SCMP_ACT_ALLOW" }] as const;

Deno.test("compileFilter() denies what is older than the profile and says ENOSYS to what is newer", () => {
  const decide = decider(denying(...RULES));
  assertEquals([decide("openat2"), decide("ptrace"), decide("pidfd_getfd")], [
    ALLOW,
    errno(1),
    ENOSYS,
  ]);
  assertEquals(decide(10_000), ENOSYS);
});

Deno.test("compileFilter() counts rules that repeat the default action among what the profile knows", () => {
  const known = { names: ["faccessat2"], action: "SCMP_ACT_ERRNO" } as const;
  const decide = decider(denying(...RULES, known));
  assertEquals([decide("pidfd_getfd"), decide("faccessat2"), decide("close_range")], [
    errno(1),
    errno(1),
    errno(1),
  ]);
  assertEquals(decide("process_madvise"), ENOSYS);
});

Deno.test("compileFilter() says ENOSYS to newer calls for each denying default action, as runc", () => {
  const newer = (defaultAction: SeccompAction) =>
    decider({ defaultAction, syscalls: RULES })(10_000);
  assertEquals(newer("SCMP_ACT_KILL_PROCESS"), ENOSYS);
  assertEquals(newer("SCMP_ACT_TRAP"), ENOSYS);
  assertEquals(newer("SCMP_ACT_LOG"), 0x7ffc0000);
  assertEquals(newer("SCMP_ACT_TRACE"), 0x7ff00001);
});

Deno.test("compileFilter() puts no stub where it decides nothing", () => {
  const count = (seccomp: Seccomp) => compileFilter(seccomp).filter.length / 8;
  const withStub = count(denying(...RULES));
  const without = count({ ...denying(...RULES), defaultErrnoRet: 38 });
  assertEquals(withStub - without, resolveArchitecture(Deno.build.arch) === X86_64 ? 8 : 6);
  assertEquals(count(denying()), count({ defaultAction: "SCMP_ACT_ALLOW" }));
});

Deno.test("compileFilter() leaves an architecture that is not in the filter killed, also by new calls", () => {
  const { filter } = compileFilter(denying(...RULES));
  assertEquals(runFilter(filter, { architecture: S390X, number: 10_000 }), KILL_THREAD);
});
