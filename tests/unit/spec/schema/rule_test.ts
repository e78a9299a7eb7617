/** What the compiler refuses: each table here would be a mistake. */
import { assertEquals } from "@std/assert";
import { accepts } from "../../../../runtime/spec/schema/accepts.ts";
import { boolean, string, strings, uint32, uint64 } from "../../../../runtime/spec/schema/leaf.ts";
import type { Rule } from "../../../../runtime/spec/schema/rule.ts";
import type { Int64 } from "../../../../runtime/spec/spec.ts";

interface Pair {
  readonly left: number;
  readonly right?: number;
}

function refuse(..._tables: unknown[]): void {}

Deno.test("Rule<T> of an object does not compile when its properties and those of T differ", () => {
  const pair: Rule<Pair> = {
    kind: "object",
    required: { left: uint32 },
    optional: { right: () => uint32 },
  };
  assertEquals(accepts(pair, { left: 1, right: 2 }), true);
  // @ts-expect-error -- a required property is missing
  const missing: Rule<Pair> = { kind: "object", required: {}, optional: { right: uint32 } };
  // @ts-expect-error -- an optional property is missing
  const short: Rule<Pair> = { kind: "object", required: { left: uint32 }, optional: {} };
  const strict: Rule<Pair> = {
    kind: "object",
    // @ts-expect-error -- an optional property is required
    required: { left: uint32, right: uint32 },
    // @ts-expect-error -- so it is not optional
    optional: {},
  };
  const long: Rule<Pair> = {
    kind: "object",
    required: { left: uint32 },
    // @ts-expect-error -- the type has no such property
    optional: { right: uint32, middle: uint32 },
  };
  const text: Rule<Pair> = {
    kind: "object",
    // @ts-expect-error -- the property is a number
    required: { left: string },
    optional: { right: uint32 },
  };
  refuse(missing, short, strict, long, text);
});

Deno.test("Rule<T> does not compile when its kind is not that of T", () => {
  // @ts-expect-error -- a boolean
  const one: Rule<boolean> = string;
  // @ts-expect-error -- a string
  const two: Rule<string> = boolean;
  // @ts-expect-error -- beyond what a number holds
  const three: Rule<number> = uint64;
  // @ts-expect-error -- may be a bigint
  const four: Rule<Int64> = uint32;
  // @ts-expect-error -- a list of numbers
  const five: Rule<readonly number[]> = strings;
  // @ts-expect-error -- a map of strings
  const six: Rule<Readonly<Record<string, string>>> = strings;
  // @ts-expect-error -- not any string
  const seven: Rule<"a" | "b"> = string;
  // @ts-expect-error -- another word
  const eight: Rule<"a" | "b"> = { kind: "oneOf", words: ["a", "c"] };
  refuse(one, two, three, four, five, six, seven, eight);
});
