/**
 * The type of a semantic check, and comparisons that several of them use. All run at every start, where the first call of a
 * function costs more than its work, so checks have loops rather than callbacks.
 */
import { SpecError } from "../../common/errors.ts";
import { quoted } from "../../common/quoted.ts";

/** Reports a property that is ignored or read leniently: its place in config.json and a clause without a full stop. */
export type Warn = (jsonPath: string, text: string) => void;

/** Throws a SpecError when `part` violates what its name says. */
export type Check<T> = (part: T, warn: Warn) => void;

/** Checks by a property of T; without that property they do not run, and cost nothing. */
export type ChecksOf<T, Part = T> = { readonly [K in keyof T]?: readonly Check<Part>[] };

/** Runs on `part` the checks of the properties that `owner` has. */
export function runChecks<T extends object, Part>(
  checks: ChecksOf<T, Part>,
  owner: T,
  part: Part,
  warn: Warn,
): void {
  for (const property in checks) {
    if (owner[property] === undefined) continue;
    for (const check of checks[property]!) check(part, warn);
  }
}

/** @throws {SpecError} unless `value` is absent or within the bounds. */
export function requireRange(
  jsonPath: string,
  value: number | bigint | undefined,
  minimum: number,
  maximum: number,
): void {
  if (value === undefined || (value >= minimum && value <= maximum)) return;
  throw new SpecError(jsonPath, `${value} is out of range, must be ${minimum} to ${maximum}`);
}

/** @throws {SpecError} unless `path` begins with a slash. */
export function requireAbsolute(jsonPath: string, path: string): void {
  if (path.startsWith("/")) return;
  throw new SpecError(jsonPath, `must be an absolute path, got ${quoted(path)}`);
}

/** The index of the first item whose type an earlier item has, or -1. */
export function findDuplicate(items: readonly { readonly type: string }[]): number {
  const seen = new Set<string>();
  for (let index = 0; index < items.length; index++) {
    const { type } = items[index]!;
    if (seen.has(type)) return index;
    seen.add(type);
  }
  return -1;
}
