/** Rules of every kind for the tests of the two readers of the schema, and the values they are tried with. */
import * as leaf from "../../../../runtime/spec/schema/leaf.ts";
import { processRule } from "../../../../runtime/spec/schema/process.ts";
import { resourcesRule } from "../../../../runtime/spec/schema/resources.ts";
import type { AnyRule, Rule } from "../../../../runtime/spec/schema/rule.ts";
import { seccompRule } from "../../../../runtime/spec/schema/seccomp.ts";
import { specRule } from "../../../../runtime/spec/schema/spec.ts";

export interface Pair {
  readonly left: number;
  readonly right?: string;
}

export const PAIR: Rule<Pair> = {
  kind: "object",
  required: { left: leaf.uint32 },
  optional: { right: () => leaf.string },
};

export const LETTER_A: Rule<string> = { kind: "pattern", expression: /^a+$/, form: "the letter a" };

export const RULES: Readonly<Record<string, AnyRule>> = {
  ...leaf,
  LETTER_A,
  oneOf: { kind: "oneOf", words: ["a", "b"] },
  list: { kind: "list", item: leaf.uint16 },
  filledList: { kind: "list", item: () => leaf.string, minimum: 1 },
  listOfLists: { kind: "list", item: leaf.strings },
  map: { kind: "map", item: () => leaf.uint16 },
  mapOfPairs: { kind: "map", item: PAIR },
  PAIR,
  inherited: { kind: "object", required: { toString: leaf.string }, optional: {} },
  processRule,
  resourcesRule,
  seccompRule: seccompRule(),
  specRule,
};

const INTEGERS = [16n, 31n, 32n, 53n, 63n, 64n]
  .flatMap((bits) => [2n ** bits, -(2n ** bits)])
  .flatMap((edge) => [edge - 1n, edge, edge + 1n])
  .map((integer) => Number.isSafeInteger(Number(integer)) ? Number(integer) : integer);

/** What parseJson() may give, and some that it does not. */
export const VALUES: readonly unknown[] = [
  ...INTEGERS,
  ...[0, -0, 1, -1, 1.5, 1e30, 2 ** 53, NaN, Infinity, 0n, 5n, -1n],
  ...["", "a", "aa", "b", "c", "1", "a\n", "toString"],
  ...[true, false, null],
  ...[[], [0], ["a"], ["a", 1], [null], [[]], [["a"], [1]], [65536], ["a", ["b"]]],
  ...[{}, { a: 1 }, { a: "b" }, { a: null }, { a: { left: 1 } }, { a: { left: "x" }, b: 1 }],
  ...[{ left: 1 }, { left: 1, right: "x" }, { left: 1, right: 2 }, { right: "x" }, { left: "x" }],
  ...[{ left: 1, other: [] }, { left: 1, constructor: null, toString: 1 }, { toString: "x" }],
  ...['{"__proto__": "x"}', '{"a": 1, "__proto__": 70000}', '{"left": 1, "__proto__": {}}']
    .map((text) => JSON.parse(text)),
  ...['{"__proto__": {"left": 1}}', '{"": "x"}', '{"": 1}'].map((text) => JSON.parse(text)),
  ...[{ ociVersion: "1.0.0" }, { cwd: "/" }, { pids: {} }, { defaultAction: "SCMP_ACT_ALLOW" }],
];
