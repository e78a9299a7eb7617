/**
 * The rules of the schema's tables: plain data, without code. The compiler ties them to the types of spec.ts: Rule<T>
 * describes a T, so a property that is missing in one of the two, required in only one, or of another kind does not
 * compile. This module is independent of the spec's properties.
 *
 * The tables have two readers: accepts.ts tests every config, and explain.ts describes the problems of a refused one with
 * zod. The form is chosen for start-up time: a function costs 20 to 60 µs at its first call, a literal next to nothing, and
 * zod 3 ms.
 */

/** The rule of a T. */
export type Rule<T> = [T] extends [boolean] ? BooleanRule
  : [T] extends [string] ? (string extends T ? StringRule | PatternRule : OneOfRule<T>)
  : [T] extends [number] ? IntegerRule
  : [T] extends [number | bigint] ? WideIntegerRule
  : [T] extends [readonly (infer Item)[]] ? ListRule<Place<Item>>
  : string extends keyof T ? MapRule<Place<T[keyof T]>>
  : ObjectRule<Places<T, RequiredKey<T>>, Places<T, Exclude<keyof T, RequiredKey<T>>>>;

/** A rule, or a function that makes it: for parts that most configs do not have. */
export type Place<T> = Rule<T> | (() => Rule<T>);

type RequiredKey<T> = { [K in keyof T]-?: undefined extends T[K] ? never : K }[keyof T];
type Places<T, K extends keyof T> = { readonly [P in K]-?: Place<Exclude<T[P], undefined>> };

export interface StringRule {
  readonly kind: "string";
}

export interface BooleanRule {
  readonly kind: "boolean";
}

/** An integer that a number can hold exactly; both bounds are inclusive. */
export interface IntegerRule {
  readonly kind: "integer";
  readonly minimum: number;
  readonly maximum: number;
}

/** An integer that parseJson() returns as a bigint when a number would lose digits; both bounds are inclusive. */
export interface WideIntegerRule {
  readonly kind: "wideInteger";
  readonly minimum: bigint;
  readonly maximum: bigint;
}

/** A string that matches an expression; `form` completes "expected". */
export interface PatternRule {
  readonly kind: "pattern";
  readonly expression: RegExp;
  readonly form: string;
}

/** One of the words of a list in the spec modules. */
export interface OneOfRule<Word extends string = string> {
  readonly kind: "oneOf";
  readonly words: readonly Word[];
}

/** An array of at least `minimum` items, 0 when absent. */
export interface ListRule<Item = AnyPlace> {
  readonly kind: "list";
  readonly item: Item;
  readonly minimum?: number;
}

/** An object with any keys. */
export interface MapRule<Item = AnyPlace> {
  readonly kind: "map";
  readonly item: Item;
}

/** An object with required and optional properties; others are ignored. */
export interface ObjectRule<Required = AnyPlaces, Optional = AnyPlaces> {
  readonly kind: "object";
  readonly required: Required;
  readonly optional: Optional;
}

/** Any rule, as the readers use it. */
export type AnyRule =
  | StringRule
  | BooleanRule
  | IntegerRule
  | WideIntegerRule
  | PatternRule
  | OneOfRule
  | ListRule
  | MapRule
  | ObjectRule;

export type AnyPlace = AnyRule | (() => AnyRule);
export type AnyPlaces = Readonly<Record<string, AnyPlace>>;
