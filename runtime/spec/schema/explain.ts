/**
 * The thorough reader of the schema: makes a zod schema of the same tables, with which zod finds every problem of a value
 * that accepts() refused. Only this module uses zod, which costs 3 ms, so it is imported only for an invalid config.
 */
import * as z from "zod/mini";
import { accepts } from "./accepts.ts";
import type { AnyPlace, AnyPlaces, AnyRule, MapRule } from "./rule.ts";

/** A problem, and its path below the value that was checked. */
export interface Problem {
  readonly path: readonly (string | number)[];
  readonly text: string;
}

/** No `new Function`: for one config, compiling validators costs more than it saves. */
z.config({ jitless: true });

/**
 * The problems of a value that accepts() refused, at least one; in the order of the table, required properties first.
 * @throws {Error} when zod finds none: the two readers of the schema disagree.
 */
export function explain(place: AnyPlace, value: unknown): readonly [Problem, ...Problem[]] {
  const result = z.safeParse(toZod(place), value);
  const [first, ...more] = result.error?.issues ?? [];
  if (!first) {
    throw new Error("bug in kago: accepts.ts refuses what explain.ts accepts");
  }
  return [toProblem(first), ...more.map(toProblem)];
}

/** A JSON path has no symbols. */
function toProblem({ path, message }: z.core.$ZodIssue): Problem {
  return { path: path as (string | number)[], text: message };
}

function toZod(place: AnyPlace): z.ZodMiniType {
  const rule = typeof place === "function" ? place() : place;
  const error = errorText(rule);
  switch (rule.kind) {
    case "string":
      return z.string({ error });
    case "boolean":
      return z.boolean({ error });
    case "list":
      return z.array(toZod(rule.item), { error })
        .check(z.refine(({ length }) => length >= (rule.minimum ?? 0), { error }));
    case "map":
      return mapToZod(rule, error);
    case "object":
      return z.looseObject({
        ...shape(rule.required, toZod),
        ...shape(rule.optional, (property) => z.exactOptional(toZod(property))),
      }, { error });
    default:
      return z.custom((value) => accepts(rule, value), { error });
  }
}

/** Not z.record(), which ignores a property named `__proto__`. */
function mapToZod(rule: MapRule, error: ErrorText): z.ZodMiniType {
  const item = toZod(rule.item);
  const object = z.custom<Record<string, unknown>>((value) => jsonType(value) === "object", {
    error,
  });
  return object.check(z.superRefine((value, context) => {
    for (const [key, each] of Object.entries(value)) {
      for (const { path, message } of z.safeParse(item, each).error?.issues ?? []) {
        context.addIssue({ code: "custom", path: [key, ...path], message, input: each });
      }
    }
  }));
}

function shape(
  places: AnyPlaces,
  make: (place: AnyPlace) => z.ZodMiniType,
): Record<string, z.ZodMiniType> {
  return Object.fromEntries(Object.entries(places).map(([key, place]) => [key, make(place)]));
}

type ErrorText = (issue: { readonly input?: unknown }) => string;

/** zod/mini has no texts. JSON has no undefined: the property is absent. */
function errorText(rule: AnyRule): ErrorText {
  return ({ input }) => input === undefined ? "is required" : expectation(rule, input);
}

function expectation(rule: AnyRule, value: unknown): string {
  switch (rule.kind) {
    case "integer":
    case "wideInteger":
      return `expected an integer from ${rule.minimum} to ${rule.maximum}, got ${show(value)}`;
    case "pattern":
      return `expected ${rule.form}, got ${show(value)}`;
    case "oneOf":
      return `expected one of ${rule.words.join(", ")}, got ${show(value)}`;
    case "list":
      return Array.isArray(value)
        ? `needs at least ${rule.minimum} item, has ${value.length}`
        : `expected array, got ${jsonType(value)}`;
    case "map":
      return `expected object, got ${jsonType(value)}`;
    default:
      return `expected ${rule.kind}, got ${jsonType(value)}`;
  }
}

function jsonType(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  return typeof value === "bigint" ? "number" : typeof value;
}

/** JSON, shortened; a bigint as its digits. */
function show(value: unknown): string {
  const text = typeof value === "bigint" ? `${value}` : JSON.stringify(value) ?? "nothing";
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}
