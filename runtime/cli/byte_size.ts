/** Sizes on the command line, in the syntax of docker, podman and runc: `512m`, `1.5GiB`, `1048576`, `-1`. */
import { UsageError } from "../common/errors.ts";

/** Each unit is 1024 times the previous one, with or without an i or a b, as in the engines. */
const UNITS = "kmgtp";

/**
 * Bytes; -1 stays -1, which means unlimited.
 * @param option its name, for the error message.
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
