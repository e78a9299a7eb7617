/**
 * What the tables of the schema are made of: rules as plain data, without any code. The compiler ties them to the types
 * of spec.ts: Rule<T> is the description of a T, so a property missing in one of the two, or required in one only, or
 * of another kind, does not compile. This module knows no property of the spec.
 *
 * The tables have two readers: accepts.ts, which says yes or no to every config, and explain.ts, which has
 * zod say what is wrong with a refused one. Start-up decides the form: a function costs 20 to 60 µs at its first call,
 * a literal next to nothing, and zod 3 ms.
 */

/** The rule of a T. */
export type Rule<T> = [T] extends [boolean] ? BooleanRule
  : [T] extends [string] ? (string extends T ? StringRule | PatternRule : OneOfRule<T>)
  : [T] extends [number] ? IntegerRule
  : [T] extends [number | bigint] ? WideIntegerRule
  : [T] extends [readonly (infer Item)[]] ? ListRule<Place<Item>>
  : string extends keyof T ? MapRule<Place<T[keyof T]>>
  : ObjectRule<Places<T, RequiredKey<T>>, Places<T, Exclude<keyof T, RequiredKey<T>>>>;

/** A rule, or the function that makes it: for the parts that most configs do without. */
export type Place<T> = Rule<T> | (() => Rule<T>);

type RequiredKey<T> = { [K in keyof T]-?: undefined extends T[K] ? never : K }[keyof T];
type Places<T, K extends keyof T> = { readonly [P in K]-?: Place<Exclude<T[P], undefined>> };

export interface StringRule {
  readonly kind: "string";
}

export interface BooleanRule {
  readonly kind: "boolean";
}

/** An integer that a number holds exactly; both bounds are included. */
export interface IntegerRule {
  readonly kind: "integer";
  readonly minimum: number;
  readonly maximum: number;
}

/** An integer that parseJson() gives as a bigint when a number would lose digits; both bounds are included. */
export interface WideIntegerRule {
  readonly kind: "wideInteger";
  readonly minimum: bigint;
  readonly maximum: bigint;
}

/** A string of a form; `form` completes "expected". */
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

/** An object with the properties that must be there, and those that may; others are left alone. */
export interface ObjectRule<Required = AnyPlaces, Optional = AnyPlaces> {
  readonly kind: "object";
  readonly required: Required;
  readonly optional: Optional;
}

/** A rule as its readers see it. */
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
