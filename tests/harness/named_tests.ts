/** Finds tests by the names that pages give them. */

const ROOT = new URL("../../", import.meta.url);

/** The source of the test with this name: of a call that registers one, or of a row in a table of tests. */
export function findTest(source: string, name: string): string | undefined {
  const beginnings = [...source.matchAll(/^Deno\.test\(|\bt\.step\(|^ {2}async (?=")|^}/gm)];
  const chunks = beginnings.map(({ 0: word, index }, at) =>
    source.slice(index + word.length, beginnings[at + 1]?.index).trimStart()
  );
  return chunks.find((chunk) => chunk.startsWith(JSON.stringify(name)));
}

/** Like findTest(), for a file of the repository. */
export function readTest(file: string, name: string): string | undefined {
  return findTest(Deno.readTextFileSync(new URL(file, ROOT)), name);
}
