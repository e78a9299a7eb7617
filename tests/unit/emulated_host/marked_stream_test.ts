import { assertEquals } from "@std/assert";
import { splitAtMarks } from "../../../scripts/emulated_host/marked_stream.ts";

const TOKEN = "aab-token";

/** The pieces of `chunks`, neighbouring data joined. */
async function split(...chunks: string[]): Promise<(string | string[])[]> {
  const source = ReadableStream.from(chunks.map((chunk) => new TextEncoder().encode(chunk)));
  const pieces: (string | string[])[] = [];
  for await (const piece of splitAtMarks(source, TOKEN)) {
    const last = pieces.at(-1);
    if ("mark" in piece) pieces.push([...piece.mark]);
    else if (typeof last === "string") {
      pieces[pieces.length - 1] = last + new TextDecoder().decode(piece.data);
    } else pieces.push(new TextDecoder().decode(piece.data));
  }
  return pieces;
}

Deno.test("splitAtMarks() takes marks out of the data", async () => {
  assertEquals(await split(`${TOKEN} begin\nout\nput${TOKEN} end 7\nrest`), [
    ["begin"],
    "out\nput",
    ["end", "7"],
    "rest",
  ]);
});

Deno.test("splitAtMarks() finds a mark that comes byte by byte", async () => {
  assertEquals(await split(...`aaab${TOKEN} end 0\n`), ["aaab", ["end", "0"]]);
});

Deno.test("splitAtMarks() passes on bytes that only start like a mark", async () => {
  assertEquals(await split("aab-tok", "yo", "aab-toke"), ["aab-tokyoaab-toke"]);
});

Deno.test("splitAtMarks() passes on data before it knows what follows", async () => {
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
  const writer = writable.getWriter();
  const pieces = splitAtMarks(readable, TOKEN);
  writer.write(new TextEncoder().encode("line\naa"));
  const { value } = await pieces.next();
  assertEquals(value, { data: new TextEncoder().encode("line\n") });
  await writer.close();
  assertEquals(await Array.fromAsync(pieces), [{ data: new TextEncoder().encode("aa") }]);
});
