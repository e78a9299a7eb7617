/** Strings of config.json are passed to system calls and kernel files, where a NUL would truncate them. */
import { SpecError } from "../common/errors.ts";
import { formatPath } from "./json_path.ts";

type Path = readonly (string | number)[];

/**
 * Refuses a NUL in any string or key of `value`, which was parsed from the JSON `text`; `place` is its path.
 * @throws {SpecError} that names the string.
 */
export function refuseNul(text: string, value: unknown, place: Path): void {
  // JSON has no other way to write a NUL, so few texts need a full search.
  if (!text.includes("\\u0000")) return;
  const found = findNul(value);
  if (!found) return;
  throw new SpecError(
    formatPath([...place, ...found]),
    "has a NUL character, which no system call accepts",
  );
}

/** The path of the first string with a NUL, or of the object with such a key. */
function findNul(value: unknown): Path | undefined {
  if (typeof value === "string") return value.includes("\0") ? [] : undefined;
  if (typeof value !== "object" || value === null) return undefined;
  for (const [key, item] of Object.entries(value)) {
    if (key.includes("\0")) return [];
    const inside = findNul(item);
    if (inside) return [Array.isArray(value) ? Number(key) : key, ...inside];
  }
  return undefined;
}
