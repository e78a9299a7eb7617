import { assertEquals } from "@std/assert";
import { checkSource } from "../../../scripts/check_imports.ts";

function importing(...specifiers: string[]) {
  return specifiers.map((specifier) => `import "${specifier}";\n`).join("");
}

Deno.test("checkSource() accepts imports of the same layer and of those below", () => {
  assertEquals(checkSource("main.ts", importing("./runtime/commands/run.ts", "./ffi/shim.ts")), []);
  assertEquals(
    checkSource("runtime/commands/run.ts", importing("../stages/spawn.ts", "../cli/parse.ts")),
    [],
  );
  assertEquals(
    checkSource("runtime/build/x.ts", importing("../../executors/registry.ts")),
    [],
  );
  assertEquals(checkSource("runtime/plan/mounts.ts", importing("../spec/spec.ts", "./op.ts")), []);
  assertEquals(checkSource("ffi/shim.ts", importing("../common/errors.ts", "./libc.ts")), []);
  assertEquals(checkSource("runtime/config/load.ts", importing("zod/mini")), []);
});

Deno.test("checkSource() refuses imports of a layer above", () => {
  assertEquals(checkSource("ffi/shim.ts", importing("./libc.ts", "../runtime/plan/op.ts")), [
    "ffi/shim.ts:2: runtime/plan/op.ts is in layer plan, above ffi",
  ]);
  assertEquals(checkSource("runtime/cli/parse.ts", importing("../commands/loaders.ts")), [
    "runtime/cli/parse.ts:1: runtime/commands/loaders.ts is in layer main, above runtime",
  ]);
  assertEquals(checkSource("common/errors.ts", `import type { X } from "../ffi/x.ts";`), [
    "common/errors.ts:1: ffi/x.ts is in layer ffi, above common",
  ]);
});

Deno.test("checkSource() refuses files outside the layers, and tests and scripts in the product", () => {
  assertEquals(checkSource("main.ts", importing("./other.ts", "./tests/x.ts")), [
    "main.ts:1: other.ts belongs to no layer",
    "main.ts:2: tests/x.ts is no part of the product",
  ]);
  assertEquals(checkSource("other.ts", importing("./main.ts")), [
    "other.ts:1: other.ts belongs to no layer",
  ]);
});

Deno.test("checkSource() lets tests and scripts import the whole project and node", () => {
  for (const file of ["tests/unit/x_test.ts", "scripts/x.ts"]) {
    const source = importing("../main.ts", "node:fs") + "Deno.dlopen(x, {}); import(name);";
    assertEquals(checkSource(file, source), []);
  }
});

Deno.test("checkSource() refuses node modules in the product and registries anywhere", () => {
  assertEquals(checkSource("runtime/x.ts", importing("node:fs")), [
    "runtime/x.ts:1: node:fs costs start-up time",
  ]);
  const remote = ["npm:zod", "jsr:@std/cli", "https://example.com/x.ts"];
  assertEquals(
    checkSource("tests/x.ts", importing(...remote)),
    remote.map((specifier, i) => `tests/x.ts:${i + 1}: ${specifier} must be mapped in deno.json`),
  );
});

Deno.test("checkSource() refuses imports of computed names in the product", () => {
  assertEquals(checkSource("main.ts", "import(name)"), [
    "main.ts:1: the name of an imported module must be a plain string",
  ]);
});

Deno.test("checkSource() keeps FFI in ffi/", () => {
  const source = "Deno.dlopen(x, {});\nconst { UnsafeCallback } = Deno;\n";
  assertEquals(checkSource("ffi/shim.ts", source), []);
  assertEquals(checkSource("runtime/x.ts", source), [
    "runtime/x.ts:1: only ffi/ may use dlopen",
    "runtime/x.ts:2: only ffi/ may use UnsafeCallback",
  ]);
});
