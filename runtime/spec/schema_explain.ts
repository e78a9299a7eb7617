/**
 * The thorough reader of the schema: makes a zod schema of the same tables and has zod find every problem of a value
 * that accepts() refused. The only module that names zod, which costs 3 ms, so it is imported when a config is wrong.
 */
import * as z from "zod/mini";
import type { AnyPlace, AnyPlaces, AnyRule } from "./schema_rule.ts";

/** What is wrong, and where below the value that the rule was given. */
export interface Problem {
  readonly path: readonly (string | number)[];
  readonly text: string;
}

/** No `new Function`: compiling validators costs more than it saves for one config. */
z.config({ jitless: true });

/**
 * The problems of a value that accepts() refused, at least one; in the order of the table, properties that must be
 * there before those that may.
 * @throws {Error} when zod has none, that is, when the two readers of the schema disagree.
 */
export function explain(rule: AnyRule, value: unknown): readonly Problem[] {
  const result = z.safeParse(toZod(rule), value);
  if (result.success) {
    throw new Error("bug in kago: schema_accepts.ts refuses a value that schema_explain.ts accepts");
  }
  return result.error.issues.map(({ path, message }) => ({
    path: path as (string | number)[],
    text: message,
  }));
}

function toZod(place: AnyPlace): z.ZodMiniType {
  const rule = typeof place === "function" ? place() : place;
  const error = problemText(rule);
  switch (rule.kind) {
    case "string":
      return z.string({ error });
    case "boolean":
      return z.boolean({ error });
    case "integer":
      return z.int({ abort: true, error }).check(z.gte(rule.minimum), z.lte(rule.maximum));
    case "wideInteger":
      // First the type, then the range, so that there is one problem only.
      return z.pipe(
        z.union([z.int({ abort: true }), z.bigint()], { error }),
        z.custom<number | bigint>(
          (value) => value as bigint >= rule.minimum && value as bigint <= rule.maximum,
          { error },
        ),
      );
    case "pattern":
      return z.string({ error }).check(z.regex(rule.expression));
    case "oneOf":
      return z.enum(rule.words as [string, ...string[]], { error });
    case "list":
      return z.array(toZod(rule.item), { error }).check(z.minLength(rule.minimum ?? 0));
    case "map":
      return mapToZod(toZod(rule.item), error);
    case "object":
      return z.looseObject({
        ...shape(rule.required, toZod),
        ...shape(rule.optional, (property) => z.exactOptional(toZod(property))),
      }, { error });
  }
}

/** Through a Map, since z.record() passes over a property named `__proto__`. */
function mapToZod(item: z.ZodMiniType, error: ErrorText): z.ZodMiniType {
  const isObject = (value: unknown) =>
    typeof value === "object" && value !== null && !Array.isArray(value);
  return z.pipe(
    z.custom<Record<string, unknown>>(isObject, { error }),
    z.pipe(z.transform((object) => new Map(Object.entries(object))), z.map(z.string(), item)),
  );
}

function shape(
  places: AnyPlaces,
  make: (place: AnyPlace) => z.ZodMiniType,
): Record<string, z.ZodMiniType> {
  return Object.fromEntries(Object.entries(places).map(([key, place]) => [key, make(place)]));
}

type ErrorText = (issue: { readonly input?: unknown; readonly code?: string }) => string;

/** zod/mini brings no texts of its own. JSON has no undefined: that is a property which is not there. */
function problemText(rule: AnyRule): ErrorText {
  return ({ input, code }) => {
    if (input === undefined) return "is required";
    if (rule.kind === "list" && code === "too_small") {
      return `needs at least ${rule.minimum} item, has ${(input as unknown[]).length}`;
    }
    return `expected ${expectation(rule)}`.concat(`, got ${byValue(rule) ? show(input) : jsonType(input)}`);
  };
}
