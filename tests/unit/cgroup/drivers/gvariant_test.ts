import { assertEquals, assertThrows } from "@std/assert";
import { parseVariant } from "../../../../runtime/cgroup/drivers/gvariant.ts";

Deno.test("parseVariant() takes the type from the text, or from what is said before it", () => {
  assertEquals(parseVariant("true"), ["b", true]);
  assertEquals(parseVariant(" 5 "), ["i", 5n]);
  assertEquals(parseVariant("-0x10"), ["i", -16n]);
  assertEquals(parseVariant("1.5"), ["d", 1.5]);
  assertEquals(parseVariant("uint64 18446744073709551615"), ["t", 2n ** 64n - 1n]);
  assertEquals(parseVariant("@y 7"), ["y", 7n]);
  assertEquals(parseVariant("double 3"), ["d", 3]);
  assertEquals(parseVariant("'it\\'s \\u00e9'"), ["s", "it's é"]);
  assertEquals(parseVariant('objectpath "/a"'), ["o", "/a"]);
});

Deno.test("parseVariant() reads arrays and tuples, nested and empty", () => {
  assertEquals(parseVariant("['a', \"b\"]"), ["as", ["a", "b"]]);
  assertEquals(parseVariant("@as []"), ["as", []]);
  assertEquals(parseVariant("[byte 1, 2]"), ["ay", [1n, 2n]]);
  assertEquals(parseVariant("[('/dev/null', 'rw')]"), ["a(ss)", [["/dev/null", "rw"]]]);
  assertEquals(parseVariant("@a(st) [('x', 3)]"), ["a(st)", [["x", 3n]]]);
  assertEquals(parseVariant("(true,)"), ["(b)", [true]]);
});

Deno.test("parseVariant() refuses what is no value, does not fit, or is too much", () => {
  const wrong = ["", "yes", "'open", "[1, 'a']", "[1", "[]", "1 2", "uint32 -1", "byte 256"];
  for (const text of [...wrong, "@s 5", "@ai 'x'", "0x", "1x", "[1 2]", "{}"]) {
    assertThrows(() => parseVariant(text), SyntaxError, undefined, text);
  }
});
