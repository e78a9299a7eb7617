import { assertEquals } from "@std/assert";
import { mayBeTripleFault, SENTENCE } from "../../e2e/harness/triple_faults.ts";

Deno.test("mayBeTripleFault() goes by the number of guests that have ended so, and by nothing else", () => {
  const cases: [string, boolean][] = [
    [`timed out\n${SENTENCE} 1; kills for want of memory since the boot: 0`, true],
    [`timed out\n${SENTENCE} 12; kills for want of memory since the boot: 0`, true],
    [`timed out\n${SENTENCE} 0; kills for want of memory since the boot: 3`, false],
    ["a triple fault", false],
  ];
  for (const [problem, expected] of cases) {
    assertEquals(mayBeTripleFault(problem), expected, problem);
  }
});
