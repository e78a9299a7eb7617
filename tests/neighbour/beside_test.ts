/**
 * Tests of other suites, with a neighbour beside them: what they do with kago is more than a workload of ours would think
 * of. Needs root and runc. beside.ts does the same for whole suites.
 */
import { assert, assertEquals } from "@std/assert";
import { runBeside } from "./beside.ts";

const FILES = [
  "integration/exec_terminal_test.ts",
  "integration/exec_test.ts",
  "integration/guest_session_test.ts",
  "integration/hooks_test.ts",
  "integration/idmap_test.ts",
  "integration/lifecycle_test.ts",
  "integration/pause_test.ts",
  "security/exec_test.ts",
];

const TESTS = new URL("../", import.meta.url).pathname;

Deno.test("a neighbour gets nothing of kago's while other suites' tests run", async () => {
  const preload = ["--preload", `${TESTS}harness/same_mounts.ts`];
  const files = FILES.map((file) => `${TESTS}${file}`);
  const { success, got } = await runBeside([Deno.execPath(), "test", "-A", ...preload, ...files]);
  assertEquals(got, []);
  assert(success, "their tests failed");
});
