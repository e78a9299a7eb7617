import { assertEquals } from "@std/assert";
import { readTap } from "../../e2e/harness/tap.ts";

function read(text: string) {
  return Array.fromAsync(readTap(ReadableStream.from(text.split("\n"))));
}

Deno.test("readTap() tells files, tests and the plan", async () => {
  const text = "TAP version 14\n# ./a_test.ts\nok 1 - works\nok 2 - later # SKIP\n1..2\n";
  assertEquals(await read(text), [
    { kind: "file", path: "./a_test.ts" },
    { kind: "test", name: "works", outcome: "passed", failures: [] },
    { kind: "test", name: "later", outcome: "skipped", failures: [] },
    { kind: "plan", count: 2 },
  ]);
});

Deno.test("readTap() takes the escapes out of a name", async () => {
  assertEquals(await read("ok 1 - a \\# SKIP of c:\\\\d"), [
    { kind: "test", name: "a # SKIP of c:\\d", outcome: "passed", failures: [] },
  ]);
});

Deno.test("readTap() joins the failures of steps to their test's", async () => {
  const text = [
    "# Subtest: outer",
    "    not ok 1 - inner",
    "      ---",
    '      {"message":"first","severity":"fail"}',
    "      ...",
    "    1..1",
    "not ok 1 - outer",
    "  ---",
    '  {"message":"1 test step failed.","severity":"fail"}',
    "  ...",
  ].join("\n");
  assertEquals(await read(text), [
    {
      kind: "test",
      name: "outer",
      outcome: "failed",
      failures: ["first", "1 test step failed."],
    },
  ]);
});

Deno.test("readTap() tells a failed test whose explanation was cut off", async () => {
  assertEquals(await read("not ok 1 - broken\n  ---"), [
    { kind: "test", name: "broken", outcome: "failed", failures: [] },
  ]);
});
