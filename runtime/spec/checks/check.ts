/**
 * The form of a semantic check, and the few comparisons that several of them make. All run at every start, where a
 * function costs more at its first call than for all that it does, so checks have loops rather than callbacks.
 */
import { SpecError } from "../../common/errors.ts";
import { quoted } from "../../common/quoted.ts";

/** Takes what will be ignored or read leniently: the place in config.json and a clause without a full stop. */
export type Warn = (jsonPath: string, text: string) => void;

/** Throws a SpecError when `part` does not mean what its name says. */
export type Check<T> = (part: T, warn: Warn) => void;

/** Checks by the property of T that they are about; without that property they are not run, and cost nothing. */
export type ChecksOf<T, Part = T> = { readonly [K in keyof T]?: readonly Check<Part>[] };

/** Runs the checks of the properties that `owner` has on `part`. */
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

/** The index of the first item whose type another item before it has, -1 when all differ. */
export function findDuplicate(items: readonly { readonly type: string }[]): number {
  const seen = new Set<string>();
  for (let index = 0; index < items.length; index++) {
    const { type } = items[index]!;
    if (seen.has(type)) return index;
    seen.add(type);
  }
  return -1;
}
