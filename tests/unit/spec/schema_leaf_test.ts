import { assertEquals } from "@std/assert";
import type { Rule } from "../../../runtime/spec/schema_base.ts";
import {
  boolean,
  int32,
  int64,
  oneOf,
  pattern,
  string,
  stringMap,
  strings,
  uint16,
  uint32,
  uint64,
} from "../../../runtime/spec/schema_leaf.ts";

/** Values at the edges of each integer rule. */
const INTEGERS: readonly (readonly [string, Rule<unknown>, unknown[], unknown[]])[] = [
  ["uint16", uint16, [0, 65535], [-1, 65536]],
  ["uint32", uint32, [0, 4294967295], [-1, 4294967296, 18446744073709551615n]],
  ["int32", int32, [-2147483648, 2147483647], [-2147483649, 2147483648]],
  [
    "int64",
    int64,
    [0, -5, -9223372036854775808n, 9223372036854775807n],
    [9223372036854775808n, -9223372036854775809n],
  ],
  ["uint64", uint64, [0, 5, 18446744073709551615n], [-1, -1n, 18446744073709551616n]],
];

for (const [name, rule, good, bad] of INTEGERS) {
  Deno.test(`${name} accepts the integers of its range only`, () => {
    for (const value of good) assertEquals(rule(value), [], `${value}`);
    for (const value of [...bad, 1.5, 1e30, NaN, "1", null, true, []]) {
      const [problem, ...more] = rule(value);
      assertEquals([problem?.path, more], [[], []], `${value}`);
      assertEquals(problem?.text.startsWith("expected an integer from "), true, problem?.text);
    }
  });
}

Deno.test("uint64 says its range and what it got", () => {
  assertEquals(uint64(-1), [
    { path: [], text: "expected an integer from 0 to 18446744073709551615, got -1" },
  ]);
  assertEquals(uint64(99999999999999999999n)[0]?.text.endsWith("got 99999999999999999999"), true);
});

Deno.test("string and boolean say which type they got", () => {
  assertEquals([string(""), boolean(false)], [[], []]);
  assertEquals(string(null), [{ path: [], text: "expected string, got null" }]);
  assertEquals(boolean("true"), [{ path: [], text: "expected boolean, got string" }]);
});

Deno.test("strings names the index of what is no string", () => {
  assertEquals([strings([]), strings(["a", ""])], [[], []]);
  assertEquals(strings(["a", 1]), [{ path: [1], text: "expected string, got number" }]);
  assertEquals(strings("a"), [{ path: [], text: "expected array, got string" }]);
});

Deno.test("stringMap names the key of what is no string", () => {
  assertEquals([stringMap({}), stringMap({ a: "b" })], [[], []]);
  assertEquals(stringMap({ "a.b": 1 }), [
    { path: ["a.b"], text: "expected string, got number" },
  ]);
  assertEquals(stringMap(["a"]), [{ path: [], text: "expected object, got array" }]);
});

Deno.test("oneOf() lists the words and shows the value", () => {
  const rule = oneOf(["a", "b"]);
  assertEquals([rule("a"), rule("b")], [[], []]);
  assertEquals(rule("c"), [{ path: [], text: 'expected one of a, b, got "c"' }]);
  assertEquals(rule(1), [{ path: [], text: "expected one of a, b, got 1" }]);
});

Deno.test("pattern() says the form, and shortens a long value", () => {
  const rule = pattern(/^a+$/, "the letter a");
  assertEquals(rule("aa"), []);
  assertEquals(rule("b"), [{ path: [], text: 'expected the letter a, got "b"' }]);
  assertEquals(rule("b".repeat(100))[0]?.text, `expected the letter a, got "${"b".repeat(56)}...`);
});
