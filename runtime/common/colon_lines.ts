/** The form that passwd(5), group(5) and subuid(5) have in common. */

/** The fields of each line, which colons part. */
export function colonLines(text: string): string[][] {
  return text.split("\n").map((line) => line.split(":"));
}
