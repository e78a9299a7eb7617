/** Sizes on the command line, as docker, podman and runc read them: `512m`, `1.5GiB`, `1048576`, `-1`. */
import { UsageError } from "../common/errors.ts";

/** Each unit is 1024 of the one before, with or without an i or a b: the engines count so. */
const UNITS = "kmgtp";

/**
 * Bytes; -1 stays -1, which means unlimited.
 * @param option its name, for the error.
 * @throws {UsageError}
 */
export function parseByteSize(option: string, text: string): number {
  if (text === "-1") return -1;
  const [, number, unit = ""] = /^(\d+(?:\.\d+)?) ?([kmgtp]?)i?b?$/i.exec(text) ?? [];
  const power = unit === "" ? 0 : UNITS.indexOf(unit.toLowerCase()) + 1;
  const bytes = Math.floor(Number(number) * 1024 ** power);
  if (Number.isSafeInteger(bytes)) return bytes;
  throw new UsageError(
    `option --${option}: "${text}" is not a size such as 1048576, 512m or 1.5g, nor -1`,
  );
}
