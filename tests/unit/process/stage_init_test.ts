import { assertEquals, assertThrows } from "@std/assert";
import { libkrunExecutor } from "../../../executors/libkrun/executor.ts";
import { parseChannels, parseSettings } from "../../../runtime/process/stage_init.ts";

Deno.test("parseChannels() reads the descriptors in the order of op_exec.c", () => {
  assertEquals(parseChannels("3,4,5,6,7"), { plan: 3, sync: 4, listen: 5, root: 6, run: 7 });
});

Deno.test("parseChannels() reads a missing listen, and a missing run, as -1", () => {
  const channels = { plan: 3, sync: 4, listen: -1, root: 16, run: -1 };
  assertEquals(parseChannels("3,4,-1,16,-1"), channels);
});

Deno.test("parseChannels() gives nothing for what is not five descriptors", () => {
  for (const text of ["", "3,4,5,6", "3,4,5,6,7,8", "-1,4,5,6,7", "3,4,5,6,x", " 3,4,5,6,7"]) {
    assertEquals(parseChannels(text), undefined);
  }
});

Deno.test("parseSettings() reads what the libkrun executor writes", () => {
  const annotations = { "krun.cpus": "3", "krun.libkrun.path": "/opt/libkrun.so.1" };
  const spec = { ociVersion: "1.2.0", annotations };
  const { ending } = libkrunExecutor.preExec(spec, { id: "c", bundle: "/b", rootfs: "/r" });
  const settings = ending.kind === "stage" ? ending.settings : {};
  assertEquals(parseSettings(JSON.stringify(settings)), {
    cpus: 3,
    ramMib: 1024,
    logLevel: 1,
    agent: true,
    libkrunPath: "/opt/libkrun.so.1",
  });
});

Deno.test("parseSettings() refuses settings that are not the executor's", () => {
  assertThrows(() => parseSettings("{}"), Error, "malformed settings");
  assertThrows(() => parseSettings('{"cpus":1.5,"ramMib":1,"logLevel":1}'), Error, "malformed");
  assertThrows(
    () => parseSettings('{"cpus":1,"ramMib":1,"logLevel":1,"libkrunPath":1}'),
    Error,
    "malformed",
  );
});
