import { assertEquals } from "@std/assert";
import { accepts } from "../../../../runtime/spec/schema/accepts.ts";
import {
  boolean,
  int32,
  int64,
  string,
  stringMap,
  strings,
  uint16,
  uint32,
  uint64,
} from "../../../../runtime/spec/schema/leaf.ts";
import type { AnyRule, ObjectRule } from "../../../../runtime/spec/schema/rule.ts";
import { LETTER_A, PAIR } from "./tables.ts";

function assertAccepts(rule: AnyRule, good: readonly unknown[], bad: readonly unknown[]): void {
  assertEquals(good.filter((value) => !accepts(rule, value)), []);
  assertEquals(bad.filter((value) => accepts(rule, value)), []);
}

/** Values at the edges of each integer rule. */
const INTEGERS: readonly (readonly [string, AnyRule, unknown[], unknown[]])[] = [
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
  Deno.test(`accepts() takes the integers of ${name} only`, () => {
    assertAccepts(rule, good, [...bad, 1.5, 1e30, NaN, "1", null, true, []]);
  });
}

Deno.test("accepts() tells strings, booleans, patterns and words apart", () => {
  assertAccepts(string, ["", "a"], [null, 1, ["a"]]);
  assertAccepts(boolean, [true, false], ["true", 0, null]);
  assertAccepts(LETTER_A, ["a", "aa"], ["", "b", ["a"], null]);
  assertAccepts({ kind: "oneOf", words: ["a", "b"] }, ["a", "b"], ["c", "", 1, null, ["a"]]);
});

Deno.test("accepts() looks at every item of a list and every value of a map", () => {
  assertAccepts(strings, [[], ["a", ""]], [["a", 1], "a", { 0: "a" }, null]);
  assertAccepts(stringMap, [{}, { a: "b" }], [{ a: "b", c: 1 }, ["a"], "a", null]);
  assertAccepts(stringMap, [], [JSON.parse('{"__proto__": 1}'), JSON.parse('{"": 1}')]);
});

Deno.test("accepts() counts the items of a list that needs some", () => {
  assertAccepts({ kind: "list", item: string, minimum: 1 }, [["a"], ["a", "b"]], [[], [1]]);
});

Deno.test("accepts() asks for required properties and takes optional and unknown ones", () => {
  assertAccepts(
    PAIR,
    [{ left: 1 }, { left: 1, right: "x" }, { left: 1, constructor: 5, toString: null }],
    [{}, { right: "x" }, { left: "x" }, { left: 1, right: 2 }, [], null, "left"],
  );
});

Deno.test("accepts() takes an inherited property for absent", () => {
  const none: ObjectRule = { kind: "object", required: {}, optional: { toString: string } };
  assertAccepts(none, [{}, { toString: "x" }], [{ toString: 1 }]);
  assertAccepts({ kind: "object", required: { toString: string }, optional: {} }, [], [{}]);
});

Deno.test("accepts() makes the rule of a property only when the property is there", () => {
  let made = 0;
  const right = () => {
    made++;
    return string;
  };
  const rule: AnyRule = { kind: "object", required: {}, optional: { right } };
  assertAccepts(rule, [{}, { left: 1 }], []);
  assertEquals(made, 0);
  assertAccepts(rule, [{ right: "x" }], []);
  assertEquals(made, 1);
});

Deno.test("accepts() makes the rule of items once for a list or map", () => {
  let made = 0;
  const item = () => {
    made++;
    return string;
  };
  assertAccepts({ kind: "list", item }, [["a", "b", "c"]], []);
  assertAccepts({ kind: "map", item }, [{ a: "a", b: "b" }], []);
  assertEquals(made, 2);
});
