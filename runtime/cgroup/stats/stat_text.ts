/** Parses the files of the cgroup filesystem. Pure. */
import type { MemoryUse, Pressure, PressureLine } from "./figures.ts";
import { numbersIn, parseRanges } from "../../common/ranges.ts";

/** The value of v2's `max` in a file with a count. */
const NO_LIMIT = 2n ** 64n - 1n;

/** One number; 0 for a missing file and, as in runc, for a negative one. */
export function count(text: string | undefined): bigint {
  const word = text?.trim() ?? "";
  if (word === "max") return NO_LIMIT;
  return /^\d+$/.test(word) ? BigInt(word) : 0n;
}

export const isUnlimited = (value: bigint) => value === NO_LIMIT;

/** A limit on tasks, with 0 for none. */
export function taskLimit(text: string | undefined): bigint {
  const value = count(text);
  return isUnlimited(value) ? 0n : value;
}

/** Numbers by name: lines of `name number`. */
export function counts(text: string | undefined): Record<string, bigint> {
  const found: Record<string, bigint> = {};
  for (const line of linesOf(text)) {
    const [name, value] = line.split(" ");
    if (value !== undefined && /^\d+$/.test(value)) found[name!] = BigInt(value);
  }
  return found;
}

export function linesOf(text: string | undefined): string[] {
  return text?.split("\n").filter(Boolean) ?? [];
}

/** The object without what Go's `omitempty` leaves out: zero, and empty lists and maps. */
export function nonEmpty<T extends object>(values: T): Partial<T> {
  const kept = Object.entries(values).filter(([, value]) =>
    value !== 0n && value !== "" && value !== undefined &&
    !(typeof value === "object" && Object.keys(value).length === 0)
  );
  return Object.fromEntries(kept) as Partial<T>;
}

export function sorted<T>(values: Record<string, T>): Record<string, T> {
  return Object.fromEntries(Object.entries(values).sort(([a], [b]) => a < b ? -1 : 1));
}

export function memoryUse(limit = 0n, usage = 0n, max = 0n, failcnt = 0n): MemoryUse {
  return { limit, ...nonEmpty({ usage, max }), failcnt };
}

/** `0-2,4` as 0, 1, 2, 4. */
export function parseList(text: string | undefined): bigint[] {
  return Array.from(numbersIn(parseRanges(text ?? "") ?? []), BigInt);
}

/** Undefined when the kernel has no pressure information. */
export function parsePressure(text: string | undefined): Pressure | undefined {
  if (!text?.trim()) return undefined;
  const lines = new Map(
    linesOf(text).map((line) => {
      const [kind, ...fields] = line.split(" ");
      return [kind!, new Map(fields.map((field) => field.split("=") as [string, string]))];
    }),
  );
  const line = (kind: string): PressureLine => {
    const average = (name: string) => Number(lines.get(kind)?.get(name) ?? 0);
    return {
      avg10: average("avg10"),
      avg60: average("avg60"),
      avg300: average("avg300"),
      total: count(lines.get(kind)?.get("total")),
    };
  };
  return { some: line("some"), full: line("full") };
}
