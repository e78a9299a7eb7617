/** `kago doctor` where microVMs run. Runs inside the emulated host. */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { KAGO } from "../../harness/kago.ts";
import { run } from "../../harness/run.ts";

Deno.test("doctor says that this host can run microVMs, and with which libkrun", async () => {
  const { code, stdout } = await run(KAGO, ["doctor"]);
  assertStringIncludes(stdout, "This host can run microVMs.\n");
  assertMatch(stdout, /^ok +\/dev\/kvm +can run a 64-bit guest$/m);
  assertMatch(stdout, /^ok +libkrun +1\S*( or later)? with .*net, blk.* \(\/.*libkrun\.so\.1\)$/m);
  assertMatch(stdout, /^ok +cgroups +v2; cgroupfs driver$/m);
  assertEquals(code, 0);
});
