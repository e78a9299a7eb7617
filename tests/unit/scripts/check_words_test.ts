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

| say to users | not  |
| ------------ | ---- |
| a bird       | fowl |
`;

Deno.test("readWords() has a row for each name of the tables below Words", () => {
  assertEquals(readWords(PAGE), [
    { say: "a cat", not: "a dog", forUsers: false },
    { say: "a cat", not: "a very big dog", forUsers: false },
    { say: "a bird", not: "fowl", forUsers: true },
  ]);
});

Deno.test("findWords() finds whole words in any case, over the end of a comment's line too", () => {
  const find = (text: string) =>
    findWords({ file: "f.ts", text }, readWords(PAGE)).map((problem) => problem.split(": say")[0]);
  assertEquals(find("a dogma, a cat"), []);
  assertEquals(find("// one\nA Dog"), ['f.ts:2: "a dog"']);
  assertEquals(find(" * a very\n * big dog"), ['f.ts:1: "a very big dog"']);
});

Deno.test("findWords() finds what users must not read in documents and messages only", () => {
  const find = (file: string, text: string) =>
    findWords({ file, text }, readWords(PAGE)).map((problem) => problem.split(": say")[0]);
  assertEquals(find("docs/a.md", "A fowl\n"), ['docs/a.md:1: "fowl"']);
  const source = [
    "/** a fowl */",
    'const fowl = "fowl"; // a fowl',
    "throw new Error(`no bird: ${fowl}`);",
    'throw new Error("no fowl");',
  ].join("\n");
  assertEquals(find("runtime/a.ts", source), ['runtime/a.ts:4: "fowl"']);
  assertEquals(find("tests/a.ts", source), []);
});
