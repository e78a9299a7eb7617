import { assertStrictEquals } from "@std/assert";
import { assertEquals } from "@std/assert";
import { defaultExecutor } from "../../../executors/default.ts";
import type { Spec } from "../../../runtime/spec/spec.ts";

Deno.test("defaultExecutor.preExec() leaves the spec alone and ends in the user's process", async () => {
  const spec: Spec = { ociVersion: "1.2.0", process: { cwd: "/", args: ["true"] } };
  const context = { id: "c", bundle: "/b", rootfs: "/b/rootfs", stateFolder: "/run/kago/c" };
  const result = await defaultExecutor.preExec(spec, context);
  assertStrictEquals(result.spec, spec);
  assertEquals(result.rootfsFiles, []);
  assertEquals(result.runner, undefined);
});
