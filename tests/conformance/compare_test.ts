import { assertEquals } from "@std/assert";
import { compareReports, summary } from "./compare.ts";
import type { Report } from "./tap.ts";

function report(passed: readonly string[], failed: readonly string[] = []): Report {
  return { passed, failed, skipped: 0 };
}

Deno.test("compareReports() finds nothing when both pass", () => {
  assertEquals(compareReports(report(["a", "b"]), report(["a"])), []);
});

Deno.test("compareReports() finds a program that only kago fails", () => {
  assertEquals(compareReports(report([], ["a"]), report(["a"])), [
    "fails under kago only: a",
    "holds under runc only: a",
  ]);
});

Deno.test("compareReports() finds a lost assertion in a program that both fail", () => {
  const kago = report(["a"], ["a", "b"]), runc = report(["a", "a"], ["b"]);
  assertEquals(compareReports(kago, runc), ["holds under runc only: a"]);
});

Deno.test("compareReports() does not ask for what runc never reached", () => {
  assertEquals(compareReports(report([], ["a"]), report([], ["ends with exit code 1"])), []);
});

Deno.test("summary() counts failures among all assertions", () => {
  assertEquals(summary({ passed: ["a"], failed: ["b"], skipped: 2 }), "FAILED 1 of 2, 2 skipped");
  assertEquals(summary(report(["a"])), "ok 1");
});
