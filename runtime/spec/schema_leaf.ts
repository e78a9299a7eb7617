/**
 * The leaf rules of the schemas: strings, numbers, words of a list; checked by zod. Each builds its zod schema at its
 * first use. This module is the only one that names zod.
 */
import * as z from "zod/mini";
import { list, map, mismatch, NO_PROBLEMS, type Problem, type Rule } from "./schema_base.ts";
import type { Int64, Uint64 } from "./spec.ts";

/** No `new Function`: compiling validators costs more than it saves for one config. */
z.config({ jitless: true });

export const string = leaf(() => z.string());
export const boolean = leaf(() => z.boolean());
export const strings = whole(list(string), (value) => Array.isArray(value) && areStrings(value));
export const stringMap = whole(map(string), (value) => {
  return typeof value === "object" && value !== null && !Array.isArray(value) &&
    areStrings(Object.values(value));
});

export const uint16 = integer(0, 0xffff);
export const uint32 = integer(0, 0xffffffff);
export const int32 = integer(-0x80000000, 0x7fffffff);
export const int64: Rule<Int64> = wideInteger(-(2n ** 63n), 2n ** 63n - 1n);
export const uint64: Rule<Uint64> = wideInteger(0n, 2n ** 64n - 1n);

/** An integer that a number holds exactly. */
export function integer(minimum: number, maximum: number): Rule<number> {
  const accepts = (value: unknown) =>
    Number.isSafeInteger(value) && Number(value) >= minimum && Number(value) <= maximum;
  return leaf(() => z.custom<number>(accepts, `expected an integer from ${minimum} to ${maximum}`));
}

/** An integer that parseJson() gives as a bigint when a number would lose digits. */
function wideInteger(minimum: bigint, maximum: bigint): Rule<number | bigint> {
  const accepts = (value: unknown) =>
    (typeof value === "bigint" || Number.isSafeInteger(value)) &&
    (value as number | bigint) >= minimum && (value as number | bigint) <= maximum;
  return leaf(() =>
    z.custom<number | bigint>(accepts, `expected an integer from ${minimum} to ${maximum}`)
  );
}

/** A string of a form; `form` completes "expected". */
export function pattern(expression: RegExp, form: string): Rule<string> {
  const accepts = (value: unknown) => typeof value === "string" && expression.test(value);
  return leaf(() => z.custom<string>(accepts, `expected ${form}`));
}

/** One of the words of a list in the spec modules. Not z.enum(), which costs half a millisecond more for a config. */
export function oneOf<const T extends readonly string[]>(words: T): Rule<T[number]> {
  const accepts = (value: unknown) => words.some((word) => word === value);
  const error = () => `expected one of ${words.join(", ")}`;
  return leaf(() => z.custom<T[number]>(accepts, { error }));
}

/**
 * Strings in lists and maps are most of a config: zod looks at all of one at once, and `each` only names the culprit.
 */
function whole<T>(each: Rule<T>, accepts: (value: unknown) => boolean): Rule<T> {
  const all = leaf(() => z.custom<T>(accepts));
  return (value) => all(value) === NO_PROBLEMS ? NO_PROBLEMS : each(value);
}

function areStrings(values: readonly unknown[]): boolean {
  return values.every((value) => typeof value === "string");
}

function leaf<T>(build: () => z.ZodMiniType<T>): Rule<T> {
  let schema: z.ZodMiniType<T> | undefined;
  return (value) => {
    const result = z.safeParse(schema ??= build(), value);
    return result.success ? NO_PROBLEMS : result.error.issues.map((issue) => tell(issue, value));
  };
}

/** zod/mini brings no texts of its own. */
function tell(issue: z.core.$ZodIssue, value: unknown): Problem {
  if (issue.code === "invalid_type") return mismatch(issue.expected, value);
  return { path: [], text: `${issue.message}, got ${show(value)}` };
}

/** JSON, shortened; a bigint as its digits. */
function show(value: unknown): string {
  const text = typeof value === "bigint" ? `${value}` : JSON.stringify(value) ?? "nothing";
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}
