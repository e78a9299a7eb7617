import { assertEquals } from "@std/assert";
import { diffLines } from "../../../runtime/common/diff_lines.ts";

const LINES = [..."abcdefghij"];

Deno.test("diffLines() says nothing of the same lines", () => {
  assertEquals(diffLines([], []), []);
  assertEquals(diffLines(LINES, LINES), []);
});

Deno.test("diffLines() shows what went and what came with two lines around it, and where lines are left out", () => {
  const after = LINES.flatMap((line) => line === "b" ? [] : line === "i" ? ["i", "new"] : [line]);
  assertEquals(diffLines(LINES, after), [
    "  a",
    "- b",
    "  c",
    "  d",
    "  …",
    "  h",
    "  i",
    "+ new",
    "  j",
  ]);
});

Deno.test("diffLines() takes all of a list that has nothing in common with the other", () => {
  assertEquals(diffLines(["a"], []), ["- a"]);
  assertEquals(diffLines(["a", "b"], ["c"]), ["- a", "- b", "+ c"]);
});
