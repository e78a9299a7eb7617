import { assertEquals, assertThrows } from "@std/assert";
import { accepts } from "../../../../runtime/spec/schema/accepts.ts";
import { explain } from "../../../../runtime/spec/schema/explain.ts";
import {
  boolean,
  string,
  stringMap,
  strings,
  uint64,
} from "../../../../runtime/spec/schema/leaf.ts";
import type { AnyRule } from "../../../../runtime/spec/schema/rule.ts";
import { LETTER_A, PAIR, RULES, VALUES } from "./tables.ts";

for (const [name, rule] of Object.entries(RULES)) {
  Deno.test(`explain() finds problems in exactly what accepts() refuses by the rule ${name}`, () => {
    for (const value of VALUES) {
      if (accepts(rule, value)) {
        assertThrows(() => explain(rule, value), Error, "bug in kago");
      } else {
        assertEquals(explain(rule, value).length > 0, true, Deno.inspect(value));
      }
    }
  });
}

/** The problem of a value by a rule when the place is the value itself. */
function problem(rule: AnyRule, value: unknown): string {
  const [{ path, text }, ...more] = explain(rule, value);
  assertEquals([path, more], [[], []], text);
  return text;
}

Deno.test("explain() says the range of an integer and what it got", () => {
  const range = "expected an integer from 0 to 18446744073709551615, got";
  assertEquals(problem(uint64, -1), `${range} -1`);
  assertEquals(problem(uint64, "1"), `${range} "1"`);
  assertEquals(problem(uint64, 99999999999999999999n), `${range} 99999999999999999999`);
});

Deno.test("explain() says which JSON type it got", () => {
  assertEquals(problem(string, null), "expected string, got null");
  assertEquals(problem(boolean, "true"), "expected boolean, got string");
  assertEquals(
    [null, [], "", 0, 1n, true].map((value) => problem(PAIR, value)),
    ["null", "array", "string", "number", "number", "boolean"]
      .map((type) => `expected object, got ${type}`),
  );
  assertEquals(problem(strings, "a"), "expected array, got string");
  assertEquals(problem(stringMap, ["a"]), "expected object, got array");
});

Deno.test("explain() lists the words and shows the value", () => {
  const rule: AnyRule = { kind: "oneOf", words: ["a", "b"] };
  assertEquals(problem(rule, "c"), 'expected one of a, b, got "c"');
  assertEquals(problem(rule, 1), "expected one of a, b, got 1");
});

Deno.test("explain() says the form of a pattern, and shortens a long value", () => {
  assertEquals(problem(LETTER_A, "b"), 'expected the letter a, got "b"');
  assertEquals(
    problem(LETTER_A, "b".repeat(100)),
    `expected the letter a, got "${"b".repeat(56)}...`,
  );
});

Deno.test("explain() tells required properties first", () => {
  assertEquals(explain(PAIR, { right: 1 }), [
    { path: ["left"], text: "is required" },
    { path: ["right"], text: "expected string, got number" },
  ]);
});

Deno.test("explain() names the index of each wrong item", () => {
  assertEquals(explain({ kind: "list", item: strings }, [["a"], ["b", 1], "c"]), [
    { path: [1, 1], text: "expected string, got number" },
    { path: [2], text: "expected array, got string" },
  ]);
});

Deno.test("explain() says how many items a list needs", () => {
  const rule: AnyRule = { kind: "list", item: string, minimum: 1 };
  assertEquals(problem(rule, []), "needs at least 1 item, has 0");
});

Deno.test("explain() names the key of each wrong item, any key", () => {
  assertEquals(explain(stringMap, JSON.parse('{"a.b": 1, "__proto__": true, "": null, "c": ""}')), [
    { path: ["a.b"], text: "expected string, got number" },
    { path: ["__proto__"], text: "expected string, got boolean" },
    { path: [""], text: "expected string, got null" },
  ]);
  assertEquals(explain({ kind: "map", item: PAIR }, { a: { left: 1 }, b: { left: 1, right: 2 } }), [
    { path: ["b", "right"], text: "expected string, got number" },
  ]);
});
