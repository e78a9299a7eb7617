import { assertEquals } from "@std/assert";
import { list, map, NO_PROBLEMS, object, type Rule } from "../../../runtime/spec/schema_base.ts";

/** Accepts any number, and counts how often it was asked. */
function numberRule(): Rule<number> & { calls: number } {
  const rule = (value: unknown) => {
    rule.calls++;
    return typeof value === "number" ? NO_PROBLEMS : [{ path: [], text: "no number" }];
  };
  rule.calls = 0;
  return rule;
}

interface Pair {
  readonly left: number;
  readonly right?: number;
}

Deno.test("object() asks for required properties and takes optional ones", () => {
  const number = numberRule();
  const pair = object<Pair>({ left: number }, { right: number });
  assertEquals(pair({ left: 1 }), []);
  assertEquals(pair({ left: 1, right: 2 }), []);
  assertEquals(pair({ right: "x" }), [
    { path: ["left"], text: "is required" },
    { path: ["right"], text: "no number" },
  ]);
});

Deno.test("object() looks at no absent and no unknown property", () => {
  const [left, right] = [numberRule(), numberRule()];
  const pair = object<Pair>({ left }, { right });
  assertEquals(pair({ left: 1, other: "x", __proto__: 5, constructor: null }), []);
  assertEquals([left.calls, right.calls], [1, 0]);
});

Deno.test("object() takes an inherited property for absent", () => {
  const rule = object<{ toString: number }>({ toString: numberRule() }, {});
  assertEquals(rule({}), [{ path: ["toString"], text: "is required" }]);
});

Deno.test("object() refuses what is no object, by its JSON type", () => {
  const pair = object<Pair>({ left: numberRule() }, { right: numberRule() });
  const types = [null, [], "", 0, 1n, true].map((value) => pair(value)[0]?.text);
  assertEquals(
    types,
    ["null", "array", "string", "number", "number", "boolean"]
      .map((type) => `expected object, got ${type}`),
  );
});

Deno.test("list() names the index of each wrong item", () => {
  const rule = list(list(numberRule()));
  assertEquals(rule([[1], [2, "x"], "y"]), [
    { path: [1, 1], text: "no number" },
    { path: [2], text: "expected array, got string" },
  ]);
});

Deno.test("list() can ask for items", () => {
  const rule = list(numberRule(), 1);
  assertEquals(rule([1]), []);
  assertEquals(rule([]), [{ path: [], text: "needs at least 1 item, has 0" }]);
});

Deno.test("map() names the key of each wrong item, any key", () => {
  const rule = map(numberRule());
  assertEquals(rule(JSON.parse('{"a": 1, "__proto__": "x", "": "y"}')), [
    { path: ["__proto__"], text: "no number" },
    { path: [""], text: "no number" },
  ]);
  assertEquals(rule([]), [{ path: [], text: "expected object, got array" }]);
});

Deno.test("object() does not compile when its rules and the type differ", () => {
  const number = numberRule();
  const string = number as unknown as Rule<string>;
  // @ts-expect-error -- a required property is missing
  object<Pair>({}, { right: number });
  // @ts-expect-error -- an optional property is missing
  object<Pair>({ left: number }, {});
  // @ts-expect-error -- an optional property is required
  object<Pair>({ left: number, right: number }, {});
  // @ts-expect-error -- the type has no such property
  object<Pair>({ left: number }, { right: number, middle: number });
  // @ts-expect-error -- the property is a number
  object<Pair>({ left: string }, { right: number });
});
