import { assertEquals } from "@std/assert";
import { DUMPABLE } from "../../../../scripts/lints/dumpable.ts";
import { found } from "./found.ts";

const inF = (line: string) => found(DUMPABLE, "helper-c/a.c", "int f(void) {", `  ${line}`, "}");

Deno.test("whatever makes a stage dumpable is found", () => {
  assertEquals(inF("prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);"), ["2 f"]);
  assertEquals(inF("prctl(PR_SET_DUMPABLE, before == 1, 0, 0, 0);"), ["2 f"]);
  assertEquals(inF("raw_syscall(SYS_prctl, PR_SET_DUMPABLE, 1, 0, 0, 0, 0);"), ["2 f"]);
});

Deno.test("every program that is executed is found", () => {
  const execs = ["execve(path, argv, envp);", "posix_spawn(&pid, path, 0, 0, argv, envp);"];
  const others = ["sys_execveat(fd, empty, argv, envp, flags);", "fexecve(fd, argv, envp);"];
  const raw = ["raw_syscall(SYS_execve, path, argv, envp, 0, 0, 0);"];
  for (const line of [...execs, ...others, ...raw]) assertEquals(inF(line), ["2 f"], line);
});

Deno.test("what hides a stage, and what asks, is no finding", () => {
  assertEquals(inF("prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);"), []);
  assertEquals(inF("prctl(PR_GET_DUMPABLE, 0, 0, 0, 0);"), []);
  assertEquals(inF("/* execve(2) */ report_exec(error);"), []);
  assertEquals(inF("raw_syscall(SYS_read, fd, buffer, size, 0, 0, 0);"), []);
  assertEquals(inF("exec_hidden(fd, argv, envp);"), []);
});
