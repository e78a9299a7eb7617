import { assert, assertEquals, assertMatch, assertNotEquals, assertThrows } from "@std/assert";
import {
  Filter,
  kernelTakesFlags,
  libseccompIdentity,
  libseccompVersion,
  NATIVE,
  nativeArchitecture,
  resolveArchitecture,
  resolveSyscall,
} from "../../../ffi/libseccomp.ts";
import { SyscallError } from "../../../runtime/common/errors.ts";
import { unlessGone } from "../../harness/unless_gone.ts";

const ALLOW = 0x7fff0000;
const ERRNO = 0x00050000;
const EQUAL = 4;

function withFilter<T>(use: (filter: Filter) => T): T {
  const filter = new Filter(ALLOW);
  try {
    return use(filter);
  } finally {
    filter.release();
  }
}

Deno.test("libseccompVersion() is three numbers, of 2.5 or newer", () => {
  assertMatch(libseccompVersion(), /^2\.([5-9]|\d\d)\.\d+$/);
});

Deno.test("libseccompIdentity() stays the same while nothing is installed", () => {
  assertEquals(libseccompIdentity(), libseccompIdentity());
});

Deno.test("nativeArchitecture() is the one that Deno was built for", () => {
  assertEquals(nativeArchitecture(), resolveArchitecture(Deno.build.arch));
});

Deno.test("resolveArchitecture() gives the kernel's AUDIT_ARCH_* and knows what it does not know", () => {
  assertEquals(resolveArchitecture("x86_64"), 0xc000003e);
  assertEquals(resolveArchitecture("aarch64"), 0xc00000b7);
  assertEquals(resolveArchitecture("nonesuch"), undefined);
});

Deno.test("resolveSyscall() gives each architecture's own number", () => {
  assertEquals(resolveSyscall("read", resolveArchitecture("x86_64")!), 0);
  assertEquals(resolveSyscall("read", resolveArchitecture("x86")!), 3);
  assertEquals(resolveSyscall("read", resolveArchitecture("x32")!), 0x40000000);
  assertEquals(resolveSyscall("read", resolveArchitecture("aarch64")!), 63);
});

Deno.test("resolveSyscall() is negative for another architecture's call, undefined for nobody's", () => {
  const number = resolveSyscall("socketcall", resolveArchitecture("x86_64")!);
  assert(number !== undefined && number < -1);
  assertEquals(resolveSyscall("nonesuch", NATIVE), undefined);
  assertEquals(resolveSyscall("", NATIVE), undefined);
});

Deno.test("Filter exports whole instructions, more of them with more rules", () => {
  const [without, with_] = withFilter((filter) => {
    const before = filter.export();
    assertEquals(filter.addRule(ERRNO, resolveSyscall("ptrace", NATIVE)!, []), 0);
    return [before, filter.export()];
  });
  assertEquals([without.length % 8, with_.length % 8], [0, 0]);
  assert(with_.length > without.length && without.length > 0);
});

Deno.test("Filter closes the file that it exports to", () => {
  // Other tests run in this process too.
  const open = () =>
    [...Deno.readDirSync("/proc/self/fd")]
      .map(({ name }) => unlessGone(() => Deno.readLinkSync(`/proc/self/fd/${name}`)))
      .filter((path) => path?.startsWith("/memfd:kago-seccomp")).length;
  withFilter((filter) => {
    filter.export();
    const before = open();
    filter.export();
    assertEquals(open(), before);
  });
});

Deno.test("Filter refuses a default action that is none", () => {
  const error = assertThrows(() => new Filter(0x12345678), SyscallError);
  assertEquals(error.errno, 22);
});

Deno.test("Filter.addArchitecture() accepts one twice and says EDOM for another byte order", () => {
  withFilter((filter) => {
    assertEquals(filter.addArchitecture(nativeArchitecture()), 0);
    assertEquals(filter.addArchitecture(resolveArchitecture("arm")!), 0);
    assertEquals(filter.addArchitecture(resolveArchitecture("s390x")!), 33);
  });
});

Deno.test("Filter.addRule() says EEXIST for the same conditions with another action", () => {
  const ptrace = resolveSyscall("ptrace", NATIVE)!;
  const conditions = [{ index: 0, op: EQUAL, value: 1, valueTwo: 0 }];
  withFilter((filter) => {
    assertEquals(filter.addRule(ERRNO | 1, ptrace, conditions), 0);
    assertEquals(filter.addRule(ERRNO | 1, ptrace, conditions), 0);
    assertEquals(filter.addRule(ERRNO | 2, ptrace, conditions), 17);
  });
});

Deno.test("Filter.addRule() keeps all 64 bits of a value", () => {
  const ptrace = resolveSyscall("ptrace", NATIVE)!;
  const program = (value: bigint) =>
    withFilter((filter) => {
      assertEquals(
        filter.addRule(ERRNO, ptrace, [{ index: 5, op: EQUAL, value, valueTwo: 0n }]),
        0,
      );
      return filter.export();
    });
  assertNotEquals(program(2n ** 64n - 1n), program(2n ** 63n - 1n));
  assertEquals(program(2n ** 32n), program(2n ** 32n));
});

Deno.test("kernelTakesFlags() tells flags of this kernel from flags of none", () => {
  const SECCOMP_FILTER_FLAG_TSYNC = 1;
  assertEquals(kernelTakesFlags(SECCOMP_FILTER_FLAG_TSYNC), true);
  assertEquals(kernelTakesFlags(2 ** 30), false);
});
