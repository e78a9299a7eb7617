import { assertEquals, assertStringIncludes } from "@std/assert";
import { PATH_CHECK } from "../../../../scripts/lints/path_check.ts";
import { found } from "./found.ts";

const why = (file: string, ...lines: string[]) =>
  PATH_CHECK.find({ file, text: lines.join("\n") }).map((finding) => finding.why).join();

Deno.test("a path that is used after a look at it is found with its use", () => {
  const lines = [
    "function read(path: string) {",
    "  if (Deno.lstatSync(path).isSymlink) throw new Error();",
    "  return Deno.openSync(path);",
    "}",
  ];
  assertEquals(found(PATH_CHECK, "runtime/a.ts", ...lines), ["2 read"]);
  assertStringIncludes(why("runtime/a.ts", ...lines), "then uses the same path by Deno.openSync()");
  const c = [
    "static int f(int folder, const char *name) {",
    "  if (fstatat(folder, name, &info, 0) < 0) return -1;",
    "  return openat(folder, name, O_RDONLY);",
    "}",
  ];
  assertEquals(found(PATH_CHECK, "helper-c/a.c", ...c), ["2 f"]);
  assertStringIncludes(why("helper-c/a.c", ...c), "then uses the same path by openat()");
});

Deno.test("a look whose answer is used elsewhere is found too: a library that is checked by its real path", () => {
  const lines = ["export function check(path: string) {", "  return Deno.realPathSync(path);", "}"];
  assertEquals(found(PATH_CHECK, "runtime/a.ts", ...lines), ["2 check"]);
  assertStringIncludes(why("runtime/a.ts", ...lines), "whose answer goes elsewhere");
  for (const look of ["stat(path, &i)", "lstat(path, &i)", "access(path, X_OK)"]) {
    assertEquals(found(PATH_CHECK, "helper-c/a.c", "int f(void) {", `  ${look};`), ["2 f"]);
  }
  assertEquals(found(PATH_CHECK, "helper-c/a.c", "int f(void) {", "  realpath(p, q);"), ["2 f"]);
});

Deno.test("other names, other functions and other folders are no use of what was looked at", () => {
  const elsewhere = [
    "function a(path: string) {",
    "  return Deno.statSync(path);",
    "}",
    "function b(path: string) {",
    "  return Deno.openSync(path);",
    "}",
  ];
  assertStringIncludes(why("runtime/a.ts", ...elsewhere), "whose answer goes elsewhere");
  const folders = ["int f(void) {", "  fstatat(a, name, &i, 0);", "  openat(b, name, 0);", "}"];
  assertStringIncludes(why("helper-c/a.c", ...folders), "whose answer goes elsewhere");
});

Deno.test("descriptors are looked at without fear", () => {
  const lines = [
    "function f(file: Deno.FsFile, fd: number) {",
    "  file.statSync();",
    "  Deno.statSync(`/proc/self/fd/${fd}`);",
    "}",
  ];
  assertEquals(found(PATH_CHECK, "runtime/a.ts", ...lines), []);
  assertEquals(found(PATH_CHECK, "helper-c/a.c", "int f(int fd) {", "  fstat(fd, &info);"), []);
  assertEquals(found(PATH_CHECK, "helper-c/a.c", "int f(void) {", 'readlinkat(fd, "", b, 8);'), []);
  assertEquals(found(PATH_CHECK, "helper-c/a.c", "/* stat(path) */", "fstatfs(fd, &fs);"), []);
});
