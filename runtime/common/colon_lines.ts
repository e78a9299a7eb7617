/** The common format of passwd(5), group(5) and subuid(5). */

/** The fields of each line, separated by colons. */
export function colonLines(text: string): string[][] {
  return text.split("\n").map((line) => line.split(":"));
}
