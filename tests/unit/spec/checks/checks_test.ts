/** The semantic checks through checkSpec(): what each refuses, where, and with which words; and what passes. */
import { assertEquals } from "@std/assert";
import { checkProcess, checkResources, checkSpec } from "../../../../runtime/spec/checks/checks.ts";
import { parseSpec } from "../../../../runtime/config/load.ts";
import type { Spec } from "../../../../runtime/spec/spec.ts";
import { assertSpecError, assertSpecRejection, type Change, configWith } from "../config.ts";

async function check(...changes: readonly Change[]): Promise<string[]> {
  return checkSpec(await parseSpec(JSON.stringify(configWith(...changes))));
}

Deno.test("checkSpec() accepts a small config without warnings", async () => {
  assertEquals(await check(), []);
});

Deno.test("checkSpec() accepts a spec without linux", async () => {
  assertEquals(await check(["linux", undefined], ["hostname", undefined]), []);
});

Deno.test("checkSpec() collects the warnings of all checks", async () => {
  assertEquals(
    await check(
      ["mounts[0].options", ["ro", "rw"]],
      ["process.capabilities.bounding", ["CAP_KILL", "CAP_FUTURE"]],
      ["linux.personality", { domain: "LINUX", flags: ["x"] }],
    ),
    [
      "mounts[0].options: ro and rw contradict each other; rw applies",
      "process.capabilities: ignoring the unknown CAP_FUTURE",
      "linux.personality.flags: ignored: the spec defines no flags",
    ],
  );
});

Deno.test("checkSpec() needs a root, and no process, which start needs", async () => {
  await assertSpecRejection(
    () => check(["root", undefined]),
    "root",
    "is required: the container's root filesystem",
  );
  assertEquals(await check(["process", undefined]), []);
});

Deno.test("checkSpec() does not change the spec", () => {
  const spec = configWith() as unknown as Spec;
  checkSpec(spec);
  assertEquals<unknown>(spec, configWith());
});

Deno.test("checkProcess() checks a process alone", () => {
  assertEquals(checkProcess({ cwd: "/", args: ["id"] }), []);
  assertEquals(checkProcess({ cwd: "/", args: ["id"], capabilities: { ambient: ["X"] } }), [
    "process.capabilities: ignoring the unknown X",
  ]);
  assertSpecError(
    () => checkProcess({ cwd: "tmp", args: ["id"] }),
    "process.cwd",
    'must be an absolute path, got "tmp"',
  );
});

Deno.test("checkResources() checks resources alone", () => {
  assertEquals(checkResources({ memory: { limit: 100, swap: 200 } }), []);
  assertSpecError(
    () => checkResources({ memory: { swappiness: 101 } }),
    "linux.resources.memory.swappiness",
    "101 is out of range, must be 0 to 100",
  );
});
