import { assertEquals } from "@std/assert";
import { isSystemLog, logFile } from "../../runtime/log.ts";
import { journalEntry, syslogEntry } from "../../runtime/system_log.ts";

Deno.test("journalEntry() has a field a line, with the severity of syslog(3)", () => {
  assertEquals(
    journalEntry("web", "warning", "no = sign is special"),
    `MESSAGE=no = sign is special\nPRIORITY=4\nSYSLOG_IDENTIFIER=web\nSYSLOG_PID=${Deno.pid}\n`,
  );
});

Deno.test("syslogEntry() has the facility user and the severity in front", () => {
  assertEquals(syslogEntry("web", "error", "it failed"), `<11>web[${Deno.pid}]: it failed`);
});

Deno.test("--log names a file, with or without file:, or the host's own log", () => {
  assertEquals(["journald:", "syslog:web"].map(isSystemLog), [true, true]);
  assertEquals(["/var/log/kago", "file:syslog:", "./journald:"].map(isSystemLog), [
    false,
    false,
    false,
  ]);
  assertEquals(["file:/x", "/x", "x:y"].map(logFile), ["/x", "/x", "x:y"]);
});
