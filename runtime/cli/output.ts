/** Standard output, for what may be longer than one write(2) takes. */

/** Writes all of the text. */
export function print(text: string): void {
  let rest = new TextEncoder().encode(text);
  while (rest.length > 0) rest = rest.subarray(Deno.stdout.writeSync(rest));
}
