import { assertEquals } from "@std/assert";
import { BOUNDED_READ } from "../../../../scripts/lints/bounded_read.ts";
import { found } from "./found.ts";

Deno.test("a file that is read to its end is found, in TypeScript and in C", () => {
  for (const reader of ["readTextFileSync", "readFileSync", "readTextFile", "readFile"]) {
    const lines = ["function users(rootfs: string) {", `  Deno.${reader}(rootfs + "/etc/passwd");`];
    assertEquals(found(BOUNDED_READ, "runtime/a.ts", ...lines), ["2 users"]);
  }
  for (const reader of ["fgets(line, 80, file)", "getline(&l, &n, f)", "fgetpwent_r(f, p)"]) {
    const lines = ["static int users(FILE *file) {", `  while (${reader}) count++;`, "}"];
    assertEquals(found(BOUNDED_READ, "helper-c/a.c", ...lines), ["2 users"]);
  }
});

Deno.test("a descriptor of any file is no file of the kernel's", () => {
  const lines = ["function f(fd: number) {", "  Deno.readFileSync(`/proc/self/fd/${fd}`);", "}"];
  assertEquals(found(BOUNDED_READ, "runtime/a.ts", ...lines), ["2 f"]);
});

Deno.test("the kernel's files, and reads into a buffer, have an end", () => {
  const lines = [
    "function f(pid: number, file: Deno.FsFile) {",
    '  Deno.readTextFileSync("/proc/self/mountinfo");',
    "  Deno.readTextFileSync(`/proc/${pid}/stat`);",
    "  file.readSync(buffer);",
    "}",
  ];
  assertEquals(found(BOUNDED_READ, "runtime/a.ts", ...lines), []);
  const c = ["int f(int fd) {", '  fopen("/proc/net/route", "re");', "  read(fd, b, 80);", "}"];
  assertEquals(found(BOUNDED_READ, "helper-c/a.c", ...c), []);
});
