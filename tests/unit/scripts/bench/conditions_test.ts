import { assertEquals } from "@std/assert";
import { processorTimes, versionIn } from "../../../../scripts/bench/conditions.ts";

Deno.test("versionIn() finds the version that a runtime tells of itself", () => {
  const texts = ["runc version 1.1.5+ds1\ncommit: 1", "crun version 1.8.1", "kago version 0.1.0\n"];
  assertEquals([...texts, "?"].map(versionIn), ["1.1.5+ds1", "1.8.1", "0.1.0", "unknown"]);
});

Deno.test("processorTimes() counts all but idle and the wait for disks as busy", () => {
  const stat = "cpu  10 1 5 100 20 2 3 4 9 0\ncpu0 1 1 1 1 1 1 1 1 1 1\n";
  assertEquals(processorTimes(stat), { all: 145, busy: 25 });
});
