import { assertEquals, assertThrows } from "@std/assert";
import { ofPrograms, ofRuntime, parseHolds } from "../../neighbour/hold.ts";

function line(...fields: string[]): string {
  return `${fields.join("\t")}\n`;
}

Deno.test("parseHolds() reads whole lines behind the one that says ready", () => {
  const text = `ready\n${line("runtime", "7", "kago:init", "", "ptrace", "seized")}other\t8\tsl`;
  assertEquals(parseHolds(text), [
    { whose: "runtime", pid: 7, comm: "kago:init", exe: "", kind: "ptrace", what: "seized" },
  ]);
});

Deno.test("parseHolds() takes no line that is none of a neighbour's", () => {
  for (const text of ["runtime\t7\n", line("mine", "7", "sh", "/bin/sh", "exe", "")]) {
    assertThrows(() => parseHolds(text), Error, "a neighbour wrote");
  }
});

Deno.test("ofRuntime() knows a runtime's processes by name, program or memory file", () => {
  const holds = parseHolds([
    line("runtime", "1", "kago:init", "", "ptrace", "seized"),
    line("runtime", "2", "3", "/memfd:kago (deleted)", "mem", "opened"),
    line("runtime", "3", "3", "/usr/bin/kago-static", "exe", ""),
    line("runtime", "4", "runc:[2:INIT]", "/", "exe", ""),
    line("other", "5", "kago", "/bin/busybox", "exe", ""),
  ].join(""));
  assertEquals(ofRuntime(holds, "kago"), [
    "kago:init (unseen): ptrace seized",
    "3 (/memfd:kago (deleted)): mem opened",
    "3 (/usr/bin/kago-static): exe",
  ]);
  assertEquals(ofRuntime(holds, "runc"), ["runc:[2:INIT] (/): exe"]);
});

Deno.test("ofPrograms() leaves out what differs between two runs, and what everybody has", () => {
  const of = (pid: string, bundle: string, socket: string) =>
    ofPrograms(parseHolds([
      line("other", pid, "sleep", "/usr/bin/sleep", "cwd", `/tmp/bundle_${bundle}/rootfs`),
      line("other", pid, "sleep", "/usr/bin/sleep", "fd", `socket:[${socket}]`),
      line("other", pid, "sleep", "/usr/bin/sleep", "fd", "/dev/null"),
      line("runtime", pid, "kago:init", "", "ptrace", "seized"),
    ].join("")));
  const [one, other] = [of("100", "0123456789abcdef", "5"), of("2", "fedcba9876543210", "77")];
  assertEquals(one, other);
  assertEquals([...one], ["sleep: cwd something of the bundle's", "sleep: fd socket"]);
});
