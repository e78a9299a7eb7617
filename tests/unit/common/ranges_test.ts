import { assertEquals } from "@std/assert";
import { numbersIn, parseRanges } from "../../../runtime/common/ranges.ts";

Deno.test("parseRanges() reads the kernel's lists of numbers, with blanks and nothing between commas", () => {
  assertEquals(parseRanges(" 0-2, 4,\n"), [[0, 2], [4, 4]]);
  assertEquals(parseRanges(""), []);
  assertEquals([...numbersIn([[0, 2], [4, 4]])], [0, 1, 2, 4]);
});

Deno.test("parseRanges() finds what is no list", () => {
  for (const text of ["x", "0-", "-1", "3-1", "0-1-2", "1.5", "0x1"]) {
    assertEquals(parseRanges(text), undefined, text);
  }
});
