import { assertEquals } from "@std/assert";
import { DLOPEN } from "../../../../scripts/lints/dlopen.ts";
import { found } from "./found.ts";

Deno.test("a library that is loaded is found, in TypeScript and in C", () => {
  const typescript = [
    "export function openLibrary(path: string) {",
    "  return Deno.dlopen(path, SYMBOLS);",
    "}",
  ];
  assertEquals(found(DLOPEN, "runtime/a.ts", ...typescript), ["2 openLibrary"]);
  const renamed = ["const { dlopen: load } = Deno;", "function f() {", "  load(path);", "}"];
  assertEquals(found(DLOPEN, "runtime/a.ts", ...renamed), ["1 "]);
  const c = ["static void *load(const char *name) {", "  return dlopen(name, RTLD_LAZY);", "}"];
  assertEquals(found(DLOPEN, "helper-c/a.c", ...c), ["2 load"]);
  assertEquals(found(DLOPEN, "helper-c/a.c", "void f(void) {", "  dlmopen(0, n, 0);"), ["2 f"]);
});

Deno.test("words and names that are alike load nothing", () => {
  assertEquals(found(DLOPEN, "runtime/a.ts", "// dlopen(path)", 'const text = "dlopen(x)";'), []);
  assertEquals(found(DLOPEN, "runtime/a.ts", "undlopen(path); dlopened(path);"), []);
  assertEquals(found(DLOPEN, "helper-c/a.c", "/* dlopen(3) */", 'say("dlopen(%s)");'), []);
});
