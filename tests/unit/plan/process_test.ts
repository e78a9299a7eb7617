import { assertEquals } from "@std/assert";
import { startOps } from "../../../runtime/plan/process.ts";
import { inputOf, PROCESS, specWith } from "./input.ts";

const HOOK = { path: "/hook" };

/** The operations around `start`, by name. */
function names(noNewPrivileges: boolean, listener: boolean, hooks: readonly typeof HOOK[]) {
  const process = { ...PROCESS, noNewPrivileges };
  const spec = specWith(["mount"], { process, hooks: { startContainer: [...hooks] } });
  const seccomp = { filter: new Uint8Array(8), flags: 2, listener };
  return startOps({ ...inputOf(spec), seccomp }, process).map(({ op }) => op);
}

Deno.test("startOps() has the hooks run under the filter, which Init itself loads last", () => {
  const hooked = ["awaitStart", "hookFilter", "hook", "hook", "seccomp"];
  assertEquals(names(true, false, [HOOK, HOOK]), hooked);
});

Deno.test("startOps() needs no filter of the hooks' own where there is no hook, or Init has it already", () => {
  assertEquals(names(true, false, []), ["awaitStart", "seccomp"]);
  assertEquals(names(false, false, [HOOK]), ["awaitStart", "hook"]);
  assertEquals(names(true, true, [HOOK]), ["seccomp", "awaitStart", "hook"]);
});
