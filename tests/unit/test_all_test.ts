import { assertEquals } from "@std/assert";
import { countDeno, countTap, failuresOf } from "../../scripts/test_all.ts";

const FAILED = ` ERRORS \n
one => ./a_test.ts:1:6
error: no

 FAILURES \n
one => ./a_test.ts:1:6

FAILED | 12 passed (3 steps) | 1 failed (2 steps) | 1 ignored (2s)
`;

Deno.test("tests and steps are counted, ignored ones as failed", () => {
  assertEquals(countDeno("ok | 2 passed (92 steps) | 0 failed (7m12s)\n", true), {
    passed: 94,
    failed: 0,
  });
  assertEquals(countDeno(FAILED, false), { passed: 15, failed: 4 });
  assertEquals(countTap("ok 1 - a\nnot ok 2 - b\n# why\nok 3 - c # SKIP\n", false), {
    passed: 1,
    failed: 2,
  });
});

Deno.test("a suite that ran no test, or broke off without naming one, has failed", () => {
  assertEquals(countDeno("", true), { passed: 0, failed: 1 });
  assertEquals(countTap("ok 1 - a\n", false), { passed: 1, failed: 1 });
});

Deno.test("what failed is cut out of the output, with its reasons", () => {
  const report = failuresOf(`much before\n${FAILED}`, "deno");
  assertEquals(report.split("\n")[0], "one => ./a_test.ts:1:6");
  assertEquals(report.includes("error: no"), true);
  assertEquals(report.includes("much before"), false);
  assertEquals(failuresOf("ok 1 - a\nnot ok 2 - b\n# why\n", "tap"), "not ok 2 - b\n# why");
  assertEquals(failuresOf(`${"x".repeat(1000)}\n`.repeat(200), "exit code").length, 120 * 401 - 1);
});
