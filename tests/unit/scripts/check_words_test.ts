import { assertEquals } from "@std/assert";
import { findWords, readWords } from "../../../scripts/check_words.ts";

const PAGE = `# Page

| say | not |
|---|---|
| nothing | of this |

## Words

| say | not |
|---|---|
| a cat | a dog, a very big dog |
`;

Deno.test("readWords() has a row for each name of the table below Words", () => {
  assertEquals(readWords(PAGE), [
    { say: "a cat", not: "a dog" },
    { say: "a cat", not: "a very big dog" },
  ]);
});

Deno.test("findWords() finds whole words in any case, over the end of a comment's line too", () => {
  const find = (text: string) =>
    findWords({ file: "f.ts", text }, readWords(PAGE)).map((problem) => problem.split(": say")[0]);
  assertEquals(find("a dogma, a cat"), []);
  assertEquals(find("// one\nA Dog"), ['f.ts:2: "a dog"']);
  assertEquals(find(" * a very\n * big dog"), ['f.ts:1: "a very big dog"']);
});
