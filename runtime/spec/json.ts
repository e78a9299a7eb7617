/**
 * Reading and writing JSON as config.json needs it: 64-bit integers keep their digits, and an error has a line and a
 * column. This module knows nothing of the spec; its users are load.ts and whoever writes a spec to a file.
 */
import { SpecError } from "../common/errors.ts";
import { findJsonError } from "./json_error.ts";

/** What JSON.parse alone would read wrongly, or otherwise than the other runtimes: long integers, null properties. */
const NEEDS_REVIVER = /(?:^|[[:,\s-])\d{16}|:\s*null\b/;

/**
 * Parses JSON. An integer beyond 2^53 - 1 becomes a bigint, up to 20 digits, which is all of 64 bits. A property that
 * is null is left out: the Go and C runtimes read it as absent, and generators that write every field rely on it.
 * @param file what the text is called in the error.
 * @throws {SpecError} with line and column, when `text` is not JSON.
 */
export function parseJson(text: string, file = "the text"): unknown {
  try {
    // The reviver is called for every value, which doubles the time, so most texts go without.
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
 * The JSON text of `value`; a bigint is written as its digits. No character is written as a \u escape that need not be:
 * libkrun's guest init does not read escapes.
 * @param indent spaces per level; 0 for one line.
 */
export function stringifyJson(value: unknown, indent = 0): string {
  // ECMAScript 2026, not yet in TypeScript's library.
  const { rawJSON } = JSON as unknown as { rawJSON(text: string): unknown };
  const write = (_key: string, item: unknown) =>
    typeof item === "bigint" ? rawJSON(`${item}`) : item;
  return JSON.stringify(value, write, indent);
}
