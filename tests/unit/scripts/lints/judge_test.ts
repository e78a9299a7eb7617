import { assertEquals } from "@std/assert";
import { judge } from "../../../../scripts/lints/judge.ts";
import type { Exception, Lint } from "../../../../scripts/lints/source.ts";

const SOURCES = [{ file: "runtime/a.ts", text: "" }, { file: "runtime/b/c.ts", text: "" }];

function lint(...exceptions: Exception[]): Lint {
  const find: Lint["find"] = ({ file }) => [{ file, line: 3, place: "f", why: "is wrong" }];
  return { name: "test", find, exceptions };
}

const reason = "A reason.";

Deno.test("judge() tells what has no exception", () => {
  assertEquals(judge(lint(), SOURCES), [
    "runtime/a.ts:3: f is wrong",
    "runtime/b/c.ts:3: f is wrong",
  ]);
  const all = [{ file: "runtime/a.ts", place: "f", reason }, { file: "runtime/b/", reason }];
  assertEquals(judge(lint(...all), SOURCES), []);
});

Deno.test("judge() tells of an exception that is of nothing any more", () => {
  const idle = [{ file: "runtime/", reason }, { file: "runtime/a.ts", place: "g", reason }];
  assertEquals(judge(lint(...idle), SOURCES), [
    "scripts/lints/: the exception of test for runtime/a.ts g is of nothing, remove it",
  ]);
});
