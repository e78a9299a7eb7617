/** podman's own profile, as podman writes it into config.json on x86_64, compiled and asked call by call. */
import { assertEquals } from "@std/assert";
import { resolveArchitecture, resolveSyscall } from "../../../ffi/libseccomp.ts";
import { compileFilter } from "../../../runtime/seccomp/compile.ts";
import { runFilter } from "./bpf.ts";
import { ALLOW, errno, KILL_THREAD, podmanProfile } from "./profile.ts";

const X86_64 = 0xc000003e;
const X86 = 0x40000003;
const ENOSYS = errno(38);
const X32_BIT = 0x40000000;

const profile = podmanProfile();
const { filter } = compileFilter(profile);

function decide(architecture: number, number: number, ...args: bigint[]): number {
  return runFilter(filter, { architecture, number, args });
}

/** The calls that have one rule, without conditions, by name. */
function plainRules(): Map<string, number> {
  const plain = new Map<string, number>();
  const several = new Set<string>();
  for (const { names, action, errnoRet, args } of profile.syscalls!) {
    for (const name of names) {
      if (plain.has(name) || args) several.add(name);
      plain.set(name, action === "SCMP_ACT_ALLOW" ? ALLOW : errno(errnoRet!));
    }
  }
  for (const name of several) plain.delete(name);
  return plain;
}

for (const name of ["x86_64", "x86", "x32"]) {
  Deno.test(`podman's profile decides each call of ${name} as its rule says`, () => {
    const token = resolveArchitecture(name)!;
    const architecture = name === "x32" ? X86_64 : token;
    let asked = 0;
    for (const [syscall, expected] of plainRules()) {
      const number = resolveSyscall(syscall, token);
      if (number === undefined || number < 0) continue;
      assertEquals(decide(architecture, number), expected, syscall);
      asked++;
    }
    assertEquals(asked > 300, true, `${asked} calls`);
  });
}

Deno.test("podman's profile gives ENOSYS to every number that it does not name", () => {
  const token = resolveArchitecture("x86_64")!;
  const named = new Set(
    profile.syscalls!.flatMap(({ names }) => names).map((name) => resolveSyscall(name, token)),
  );
  for (let number = 0; number < 1000; number++) {
    if (!named.has(number)) assertEquals(decide(X86_64, number), ENOSYS, `${number}`);
  }
});

Deno.test("podman's profile knows personality by its values and socket by its pairs", () => {
  const personality = resolveSyscall("personality", X86_64)!;
  assertEquals(
    [0n, 8n, 0x20000n, 0x20008n, 0xffffffffn, 1n].map((value) =>
      decide(X86_64, personality, value)
    ),
    [ALLOW, ALLOW, ALLOW, ALLOW, ALLOW, ENOSYS],
  );
  const socket = resolveSyscall("socket", X86_64)!;
  const [AF_UNIX, AF_NETLINK, NETLINK_AUDIT] = [1n, 16n, 9n];
  assertEquals(decide(X86_64, socket, AF_UNIX, 1n, 0n), ALLOW);
  assertEquals(decide(X86_64, socket, AF_NETLINK, 3n, 0n), ALLOW);
  assertEquals(decide(X86_64, socket, AF_UNIX, 3n, NETLINK_AUDIT), ALLOW);
  assertEquals(decide(X86_64, socket, AF_NETLINK, 3n, NETLINK_AUDIT), errno(22));
});

Deno.test("podman's profile kills what comes by another architecture", () => {
  const AUDIT_ARCH_AARCH64 = 0xc00000b7;
  assertEquals(decide(AUDIT_ARCH_AARCH64, 63), Deno.build.arch === "aarch64" ? ALLOW : KILL_THREAD);
  assertEquals(decide(0, 0), KILL_THREAD);
  assertEquals(decide(X86, 3), ALLOW);
});

Deno.test("podman's profile with EPERM by default answers the same but for calls that are old and not named", () => {
  const withEperm = compileFilter({ ...profile, defaultErrnoRet: 1 }).filter;
  for (const offset of [0, X32_BIT]) {
    for (let number = offset; number < offset + 1000; number++) {
      const before = decide(X86_64, number);
      const after = runFilter(withEperm, { architecture: X86_64, number });
      if (after !== before) assertEquals([before, after], [ENOSYS, errno(1)], `${number}`);
    }
  }
});
