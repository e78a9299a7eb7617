/**
 * The protocol between guest/job.sh and the runner. A stream carries the command's bytes, and between them lines
 * `TOKEN WORD…` that job.sh writes; TOKEN is random per boot, so no command can write one by accident.
 *
 *   stdout:  TOKEN begin\n   the command's output   TOKEN end CODE\n
 *   stderr:                  the command's output   TOKEN end\n, and TOKEN alive\n every 15 s of the guest's clock
 */

/** Either bytes of the command, or the words of a mark. */
export type Piece = { readonly data: Uint8Array } | { readonly mark: readonly string[] };

/** Splits `source` at the marks. Bytes that may begin a mark are held back until that is decided. */
export async function* splitAtMarks(
  source: AsyncIterable<Uint8Array>,
  token: string,
): AsyncGenerator<Piece> {
  const needle = new TextEncoder().encode(token);
  let held: Uint8Array = new Uint8Array();
  for await (const chunk of source) {
    held = concatenate(held, chunk);
    for (;;) {
      const at = indexOf(held, needle);
      if (at > 0) yield { data: held.subarray(0, at) };
      held = held.subarray(at);
      const end = held.length > needle.length ? held.indexOf(NEWLINE) : -1;
      if (end < 0) break;
      yield { mark: new TextDecoder().decode(held.subarray(needle.length, end)).trim().split(" ") };
      held = held.subarray(end + 1);
    }
  }
  if (held.length > 0) yield { data: held };
}

const NEWLINE = 10;

function concatenate(first: Uint8Array, second: Uint8Array): Uint8Array {
  if (first.length === 0) return second;
  const both = new Uint8Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
}

/** The index of `needle`, or of a part of it at the end of `haystack`; otherwise `haystack`'s length. */
function indexOf(haystack: Uint8Array, needle: Uint8Array): number {
  const first = needle[0] ?? 0;
  for (let at = haystack.indexOf(first); at >= 0; at = haystack.indexOf(first, at + 1)) {
    const candidate = haystack.subarray(at, at + needle.length);
    if (candidate.every((byte, index) => byte === needle[index])) return at;
  }
  return haystack.length;
}
