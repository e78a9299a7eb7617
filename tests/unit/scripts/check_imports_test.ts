import { assertEquals, assertStringIncludes } from "@std/assert";
import { LAYERS } from "../../../scripts/imports/layers.ts";
import { checkCircles, checkSource } from "../../../scripts/check_imports.ts";

function importing(...specifiers: string[]) {
  return specifiers.map((specifier) => `import "${specifier}";\n`).join("");
}

Deno.test("checkSource() accepts imports of the same folder and of the layers below", () => {
  const good: [file: string, ...specifiers: string[]][] = [
    ["main.ts", "./runtime/commands/run.ts", "./ffi/shim.ts"],
    ["runtime/commands/run.ts", "../container/create.ts", "../cli/parse.ts", "./exit_code.ts"],
    ["runtime/build/container.ts", "../../executors/registry.ts"],
    ["runtime/cgroup/limits/cpu.ts", "../path.ts", "../devices/device_rules.ts"],
    ["ffi/shim.ts", "../runtime/common/errors.ts", "./libc.ts"],
    ["runtime/config/load.ts", "zod/mini"],
  ];
  for (const [file, ...specifiers] of good) {
    assertEquals(checkSource(file, importing(...specifiers)), []);
  }
});

Deno.test("checkSource() refuses imports of a layer above and of a neighbour, types too", () => {
  assertEquals(checkSource("ffi/shim.ts", importing("./libc.ts", "../runtime/plan/op.ts")), [
    "ffi/shim.ts:2: runtime/plan/op.ts: runtime/plan is not below ffi",
  ]);
  assertEquals(checkSource("runtime/cli/parse.ts", importing("../container/create.ts")), [
    "runtime/cli/parse.ts:1: runtime/container/create.ts: runtime/container is not below runtime/cli",
  ]);
  assertEquals(
    checkSource("runtime/common/errors.ts", `import type { X } from "../../ffi/x.ts";`),
    [
      "runtime/common/errors.ts:1: ffi/x.ts: ffi is not below runtime/common",
    ],
  );
});

Deno.test("checkCircles() names the import that closes a circle, of types too", () => {
  const sources = new Map([
    ["a/x.ts", importing("./y.ts", "./z.ts")],
    ["a/y.ts", importing("./z.ts")],
    ["a/z.ts", `export const z = 1;\nexport type { X } from "./x.ts";\n`],
  ]);
  assertEquals(checkCircles(sources), [
    "a/z.ts:2: closes a circle: a/x.ts -> a/y.ts -> a/z.ts -> a/x.ts",
  ]);
});

Deno.test("docs/architecture.md draws the layers that are checked", () => {
  const page = Deno.readTextFileSync(new URL("../../../docs/architecture.md", import.meta.url));
  const drawing = LAYERS.map((folders) => `${folders.join("   ")}\n`).join("");
  assertStringIncludes(page, `\`\`\`\n${drawing}\`\`\``);
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

Deno.test("checkSource() keeps tests out of scripts", () => {
  assertEquals(checkSource("scripts/x.ts", importing("../tests/harness/run.ts")), [
    "scripts/x.ts:1: tests/harness/run.ts is a test's, and tests import scripts",
  ]);
});

Deno.test("checkSource() lets tests and scripts import the whole product and node", () => {
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
