import { assertEquals, assertMatch } from "@std/assert";
import { LINTS, productSources } from "../../../../scripts/lint_security.ts";
import { parts } from "../../../../scripts/lints/source.ts";

Deno.test("every exception has one sentence as its reason", () => {
  for (const { exceptions } of LINTS) {
    for (const { reason } of exceptions) assertMatch(reason, /^[A-Z][^.]*\.$/);
  }
});

Deno.test("functions, methods and constants are places, in TypeScript and in C", () => {
  const names = (file: string, ...lines: string[]) =>
    parts({ file, text: lines.join("\n") }).map(({ place }) => place);
  const typescript = [
    "const A = 1;",
    "export async function f() {",
    "}",
    "class B {",
    "  m(x: number) {",
  ];
  assertEquals(names("a.ts", ...typescript), ["A", "f", "B", "m"]);
  const c = ["static int one(int a) {", "}", "/* two(2) */", "_Noreturn void three(struct s *s,"];
  assertEquals(names("a.c", ...c), ["one", "three"]);
});

Deno.test("all of the product's sources are looked at, and none of the tests'", () => {
  const files = productSources().map(({ file }) => file);
  for (
    const file of ["main.ts", "ffi/shim.ts", "helper-c/vmm/main.c", "helper-c/common/kernel.h"]
  ) {
    assertEquals(files.includes(file), true, file);
  }
  assertEquals(files.filter((file) => file.startsWith("helper-c/tests/")), []);
});
