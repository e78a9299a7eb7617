/** Rules that several tables of the schema use: strings, numbers, and plain lists and maps of strings. */
import type { Rule } from "./rule.ts";
import type { Int64, Uint64 } from "../spec.ts";

export const string: Rule<string> = { kind: "string" };
export const boolean: Rule<boolean> = { kind: "boolean" };
export const strings: Rule<readonly string[]> = { kind: "list", item: string };
export const stringMap: Rule<Readonly<Record<string, string>>> = { kind: "map", item: string };

export const uint16: Rule<number> = { kind: "integer", minimum: 0, maximum: 0xffff };
export const uint32: Rule<number> = { kind: "integer", minimum: 0, maximum: 0xffffffff };
export const int32: Rule<number> = {
  kind: "integer",
  minimum: -0x80000000,
  maximum: 0x7fffffff,
};
export const int64: Rule<Int64> = {
  kind: "wideInteger",
  minimum: -0x8000000000000000n,
  maximum: 0x7fffffffffffffffn,
};
export const uint64: Rule<Uint64> = {
  kind: "wideInteger",
  minimum: 0n,
  maximum: 0xffffffffffffffffn,
};
