import { assertEquals } from "@std/assert";
import { lastError } from "../../../runtime/criu/log.ts";

Deno.test("lastError() is the last line that says what went wrong, without its time", () => {
  const log = [
    "(00.000012) Version: 3.17.1",
    "(07.801127) Error (criu/files-reg.c:1710): Can't lookup mount=23 for fd=0 path=/dev/null",
    "(07.801478)      1: Error (criu/cr-dump.c:1635): Dump files (pid: 232) failed with -1",
    "(07.900000) Warn  (criu/x.c:1): Error is a word",
    "(08.238503) Error (criu/cr-dump.c:2053): Dumping FAILED.",
    "(08.240000) Error (criu/cgroup.c:1998): cg: cgroupd: recv req error: No such file or directory",
  ].join("\n");
  assertEquals(lastError(log), "Error (criu/cr-dump.c:1635): Dump files (pid: 232) failed with -1");
});

Deno.test("lastError() is the outcome when nothing else is said, and undefined without an error", () => {
  const outcome = "Error (criu/cr-dump.c:2053): Dumping FAILED";
  assertEquals(lastError(`(08.238503) ${outcome}.\n`), outcome);
  assertEquals(lastError("(00.1) all is well\n"), undefined);
  assertEquals(lastError(""), undefined);
});
