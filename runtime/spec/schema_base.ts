/**
 * How the schemas of config.json are put together: rules for objects, lists and maps over the leaf rules of
 * schema_leaf.ts. The compiler ties them to the types of spec.ts: a property missing in one of the two, or required in
 * one only, does not compile. This module knows no property of the spec.
 *
 * Start-up decides the form. Building a zod schema and running it the first time costs 10 to 50 µs, hundreds for the
 * first of a kind, and a zod object builds all its properties whether the config has them or not. So zod checks the
 * leaves, a table is a plain object of functions, and a rule costs nothing before its property occurs. Nothing is
 * copied: unknown properties stay in the spec, where the OCI spec wants them ignored.
 */

/** What is wrong, and where below the value that the rule was given. */
export interface Problem {
  readonly path: readonly (string | number)[];
  readonly text: string;
}

/** Says what keeps a value from being a T; nothing when it is one. */
export interface Rule<T> {
  (value: unknown): readonly Problem[];
  /** Never set: makes Rule<A> and Rule<B> different types. */
  readonly accepts?: T;
}

type RequiredKey<T> = { [K in keyof T]-?: undefined extends T[K] ? never : K }[keyof T];
type Rules<T, K extends keyof T> = { readonly [P in K]-?: Rule<Exclude<T[P], undefined>> };

/** The one value for no problem, so that a valid config allocates none. */
export const NO_PROBLEMS: readonly Problem[] = [];

/** An object with the properties of T: those that must be there, then those that may. */
export function object<T>(
  required: Rules<T, RequiredKey<T>>,
  optional: Rules<T, Exclude<keyof T, RequiredKey<T>>>,
): Rule<T> {
  return (value) => {
    if (!isObject(value)) return [mismatch("object", value)];
    return join(
      checkProperties(value, required, true),
      checkProperties(value, optional, false),
    );
  };
}

function checkProperties(
  value: Readonly<Record<string, unknown>>,
  rules: Readonly<Record<string, Rule<unknown>>>,
  required: boolean,
): readonly Problem[] {
  let problems = NO_PROBLEMS;
  for (const key in rules) {
    // Own properties only: `constructor` and the like are not in the config.
    if (Object.hasOwn(value, key)) {
      problems = join(problems, below(key, rules[key]!(value[key])));
    } else if (required) {
      problems = join(problems, [{ path: [key], text: "is required" }]);
    }
  }
  return problems;
}

/** An array of at least `minimum` items. */
export function list<T>(item: Rule<T>, minimum = 0): Rule<readonly T[]> {
  return (value) => {
    if (!Array.isArray(value)) return [mismatch("array", value)];
    if (value.length < minimum) {
      return [{ path: [], text: `needs at least ${minimum} item, has ${value.length}` }];
    }
    let problems = NO_PROBLEMS;
    for (let index = 0; index < value.length; index++) {
      problems = join(problems, below(index, item(value[index])));
    }
    return problems;
  };
}

/** An object with any keys. */
export function map<T>(item: Rule<T>): Rule<Readonly<Record<string, T>>> {
  return (value) => {
    if (!isObject(value)) return [mismatch("object", value)];
    let problems = NO_PROBLEMS;
    for (const key in value) problems = join(problems, below(key, item(value[key])));
    return problems;
  };
}

/** The problem of a value of the wrong JSON type. */
export function mismatch(expected: string, value: unknown): Problem {
  return { path: [], text: `expected ${expected}, got ${jsonType(value)}` };
}

function jsonType(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  return typeof value === "bigint" ? "number" : typeof value;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function below(key: string | number, problems: readonly Problem[]): readonly Problem[] {
  if (problems === NO_PROBLEMS) return problems;
  return problems.map(({ path, text }) => ({ path: [key, ...path], text }));
}

function join(left: readonly Problem[], right: readonly Problem[]): readonly Problem[] {
  if (right === NO_PROBLEMS) return left;
  return left === NO_PROBLEMS ? right : [...left, ...right];
}
