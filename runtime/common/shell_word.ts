/** Quoting for shells. */

/** The text as one word of sh(1), in single quotes. */
export function shellWord(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
