/** Names and values of other people in messages: on one line, visible, and of bounded length. */

/** Characters. Two paths, a field and a reason must fit into a line of 300. */
const MOST = 100;

/** Invisible, cursor-moving and direction-changing characters: controls, separators, bidirectional marks, a BOM. */
const UNSEEN =
  // deno-lint-ignore no-control-regex -- these are the characters to match
  /[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]/g;

/** The text in quotation marks; a long one is shortened to its beginning and end. */
export function quoted(text: string, most = MOST): string {
  for (let kept = most;; kept = Math.floor(kept / 2)) {
    const written = visible(JSON.stringify(shortened(text, kept)));
    if (written.length <= most + 2 || kept < 8) return written;
  }
}

/** The beginning and the end of a text with more than `most` characters. */
export function shortened(text: string, most: number): string {
  const half = Math.floor((most - 1) / 2);
  return text.length > most ? `${text.slice(0, half)}…${text.slice(-half)}` : text;
}

/** The text on one line: invisible characters are written as `\uXXXX`. */
export function visible(text: string): string {
  const escape = (c: string) =>
    c === "\n" ? "\\n" : `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`;
  return text.replace(UNSEEN, escape);
}

/** The text with each word that is longer than most paths shortened in the middle. */
export function withoutLongWords(text: string): string {
  return text.replace(new RegExp(`\\S{${MOST + 20},}`, "g"), (word) => shortened(word, MOST));
}
