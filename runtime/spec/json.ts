/**
 * Reads and writes JSON for config.json: 64-bit integers keep their digits, and errors have a line and a column. This
 * module is independent of the spec; load.ts and the code that writes a spec use it.
 */
import { SpecError } from "../common/errors.ts";
import { findJsonError } from "./json_error.ts";

/** Values that JSON.parse reads inexactly, or not as other runtimes do: long integers, null properties. */
const NEEDS_REVIVER = /(?:^|[[:,\s-])\d{16}|:\s*null\b/;

/**
 * Parses JSON. An integer beyond 2^53 - 1 becomes a bigint, up to 20 digits, enough for 64 bits. A property that is null is
 * left out: the Go and C runtimes read it as absent, and generators that write every field rely on that.
 * @param file the name of the text in errors.
 * @throws {SpecError} with line and column, when `text` is not JSON.
 */
export function parseJson(text: string, file = "the text"): unknown {
  try {
    // The reviver is called for every value, which doubles the time, so most texts are parsed without it.
    return NEEDS_REVIVER.test(text) ? JSON.parse(text, revive) : JSON.parse(text);
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
    const { line, column, problem } = findJsonError(text);
    const place = `line ${line}, column ${column}`;
    throw new SpecError("", `${file} is not JSON: ${problem} at ${place}`, { cause });
  }
}

function revive(this: unknown, _key: string, value: unknown, context?: { source?: string }) {
  if (value === null) return Array.isArray(this) ? null : undefined;
  if (typeof value !== "number" || Number.isSafeInteger(value)) return value;
  const source = context?.source ?? "";
  return /^-?\d{1,20}$/.test(source) ? BigInt(source) : value;
}

/**
 * The JSON text of `value`; a bigint is written as its digits. No character is escaped as \u unnecessarily: libkrun's guest
 * init does not read escapes.
 * @param indent spaces per level; 0 for one line.
 */
export function stringifyJson(value: unknown, indent = 0): string {
  // ECMAScript 2026, not yet in TypeScript's library.
  const { rawJSON } = JSON as unknown as { rawJSON(text: string): unknown };
  const write = (_key: string, item: unknown) =>
    typeof item === "bigint" ? rawJSON(`${item}`) : item;
  return JSON.stringify(value, write, indent);
}
