/** Durations in Go's syntax, since engines format options with its time.Duration. */
import { UsageError } from "../common/errors.ts";

const MILLISECONDS: Readonly<Record<string, number>> = {
  h: 3_600_000,
  m: 60_000,
  s: 1000,
  ms: 1,
  us: 1e-3,
  "\u00b5s": 1e-3,
  "\u03bcs": 1e-3,
  ns: 1e-6,
};

const PART = /(\d+\.?\d*|\.\d+)(ns|us|\u00b5s|\u03bcs|ms|s|m|h)/g;

/**
 * A duration above 0, such as `5s`, `1m30s` or `1.5h`, in milliseconds.
 * @throws {UsageError} with the option's name.
 */
export function parseDuration(option: string, text: string): number {
  const parts = [...text.matchAll(PART)];
  const whole = parts.map(([part]) => part).join("") === text;
  if (!whole || parts.length === 0) {
    throw new UsageError(`option --${option}: "${text}" is not a duration such as 5s or 1m30s`);
  }
  const sum = parts.reduce((total, [, n, unit]) => total + Number(n) * MILLISECONDS[unit!]!, 0);
  if (sum > 0) return sum;
  throw new UsageError(`option --${option}: "${text}" is not above 0`);
}
