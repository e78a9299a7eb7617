/**
 * The fast reader of the schema: tests whether a JSON value fits a rule; explain.ts finds the reason if it does not. It
 * runs at every start, usually once for each part, so the amount of code determines its time: two functions, no closures.
 */
import type { AnyPlace } from "./rule.ts";

/** Does `value`, from parseJson(), fit the rule? */
export function accepts(place: AnyPlace, value: unknown): boolean {
  const rule = typeof place === "function" ? place() : place;
  switch (rule.kind) {
    case "string":
      return typeof value === "string";
    case "boolean":
      return typeof value === "boolean";
    case "integer":
      return Number.isSafeInteger(value) &&
        (value as number) >= rule.minimum && (value as number) <= rule.maximum;
    case "wideInteger":
      return (typeof value === "bigint" || Number.isSafeInteger(value)) &&
        (value as number | bigint) >= rule.minimum && (value as number | bigint) <= rule.maximum;
    case "pattern":
      return typeof value === "string" && rule.expression.test(value);
    case "oneOf":
      return rule.words.includes(value as string);
    case "list": {
      if (!Array.isArray(value) || value.length < (rule.minimum ?? 0)) return false;
      const item = typeof rule.item === "function" ? rule.item() : rule.item;
      for (const each of value) if (!accepts(item, each)) return false;
      return true;
    }
    default:
      return typeof value === "object" && value !== null && !Array.isArray(value) &&
        acceptsKeys(rule, value as Readonly<Record<string, unknown>>);
  }
}

/** Only own properties: `constructor` and the like are neither in the config nor in a table. */
function acceptsKeys(
  rule: Extract<Exclude<AnyPlace, () => unknown>, { readonly kind: "map" | "object" }>,
  value: Readonly<Record<string, unknown>>,
): boolean {
  if (rule.kind === "map") {
    const item = typeof rule.item === "function" ? rule.item() : rule.item;
    for (const key in value) if (!accepts(item, value[key])) return false;
    return true;
  }
  const { required, optional } = rule;
  for (const key in required) {
    if (!Object.hasOwn(value, key) || !accepts(required[key]!, value[key])) return false;
  }
  for (const key in value) {
    if (Object.hasOwn(optional, key) && !accepts(optional[key]!, value[key])) return false;
  }
  return true;
}
