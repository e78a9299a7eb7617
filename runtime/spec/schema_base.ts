/**
 * What the schemas of config.json are built from: leaf schemas and the two ways to make an object schema, all tied to
 * the types of spec.ts by the compiler: a property missing here, or there, or optional in one only, does not compile.
 *
 * Start-up: a schema object costs about 50 µs and the first of its kind ten times that, so each is a function that
 * builds it when first asked, and `present()` builds only for the properties that a config has. Validation checks;
 * nobody uses the copies that zod makes, so unknown properties stay in the spec, where the OCI spec wants them ignored.
 */
import * as z from "zod/mini";
import type { Int64, Uint64 } from "./spec.ts";

/** No `new Function`: compiling validators costs more than it saves for one config. */
z.config({ jitless: true });

export type Schema<T> = z.ZodMiniType<T>;

/** A schema that is built at its first use. */
export type Lazy<T> = () => Schema<T>;

type RequiredKey<T> = { [K in keyof T]-?: undefined extends T[K] ? never : K }[keyof T];

type Shape<T> = {
  readonly [K in keyof T]-?: undefined extends T[K]
    ? z.ZodMiniOptional<Schema<Exclude<T[K], undefined>>>
    : Schema<T[K]>;
};

type Parts<T> = {
  readonly [K in keyof T]-?: (value: unknown) => Schema<Exclude<T[K], undefined>>;
};

/** Puts off `build` to the first call and keeps what it made. */
export function once<S>(build: () => S): () => S {
  let built: S | undefined;
  return () => built ??= build();
}

export const string = once(() => z.string()) as Lazy<string>;
export const boolean = once(() => z.boolean()) as Lazy<boolean>;
export const strings = once(() => z.array(string())) as Lazy<string[]>;
export const stringMap = once(() => z.record(string(), string())) as Lazy<Record<string, string>>;

export const uint32 = once(() => integer(0, 0xffffffff));
export const int32 = once(() => integer(-0x80000000, 0x7fffffff));
/** Device numbers of cgroup rules: -1 means all. */
export const int64 = once(() => wideInteger(-(2n ** 63n), 2n ** 63n - 1n)) as Lazy<Int64>;
export const uint64 = once(() => wideInteger(0n, 2n ** 64n - 1n)) as Lazy<Uint64>;

export const uint32s = once(() => z.array(uint32())) as Lazy<number[]>;

/** An integer that a number holds exactly. */
export function integer(minimum: number, maximum: number): Schema<number> {
  return z.custom<number>(
    (value) => Number.isSafeInteger(value) && Number(value) >= minimum && Number(value) <= maximum,
    `must be an integer from ${minimum} to ${maximum}`,
  );
}

/** An integer that parseJson() gives as a bigint when a number would lose digits. */
function wideInteger(minimum: bigint, maximum: bigint): Schema<number | bigint> {
  return z.custom<number | bigint>((value) => {
    if (typeof value === "number") return Number.isSafeInteger(value) && value >= minimum;
    return typeof value === "bigint" && value >= minimum && value <= maximum;
  }, `must be an integer from ${minimum} to ${maximum}`);
}

/** A string of a form; `form` completes "must be". */
export function pattern(expression: RegExp, form: string): Schema<string> {
  return z.custom<string>(
    (value) => typeof value === "string" && expression.test(value),
    `must be ${form}`,
  );
}

/** One of the words of a list in the spec modules. */
export function oneOf<const T extends readonly string[]>(words: T): Schema<T[number]> {
  return z.enum(words);
}

export function list<T>(item: Schema<T>): Schema<T[]> {
  return z.array(item);
}

export function map<T>(value: Schema<T>): Schema<Record<string, T>> {
  return z.record(string(), value);
}

export function optional<T>(schema: Schema<T>): z.ZodMiniOptional<Schema<T>> {
  return z.optional(schema);
}

/** The schema of a small object, or of the items of a list. */
export function object<T>(shape: Shape<T>): Schema<T> {
  return z.object(shape as Record<string, Schema<unknown>>) as unknown as Schema<T>;
}

/**
 * The schema of a large object as it is in `value`: of the properties in `parts`, those that `value` has and those in
 * `required`. A part is called with the property's value, so that it can do the same.
 */
export function present<T>(
  value: unknown,
  parts: Parts<T>,
  required: Readonly<Record<RequiredKey<T>, true>>,
): Schema<T> {
  const shape: Record<string, Schema<unknown>> = {};
  if (typeof value === "object" && value !== null) {
    for (const [key, part] of Object.entries<(value: unknown) => Schema<unknown>>(parts)) {
      const has = Object.hasOwn(value, key);
      if (!has && !Object.hasOwn(required, key)) continue;
      shape[key] = part(has ? (value as Record<string, unknown>)[key] : undefined);
    }
  }
  return z.object(shape) as unknown as Schema<T>;
}
