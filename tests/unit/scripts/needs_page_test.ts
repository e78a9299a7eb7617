/** docs/needs.md names tests that there are and that assert something, and proves every need with one. */
import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { findTest, readTest } from "../../harness/named_tests.ts";

const ROOT = new URL("../../../", import.meta.url);

interface Need {
  readonly need: string;
  readonly tests: readonly { readonly file: string; readonly name: string }[];
}

/** The rows of the tables. */
function readNeeds(page: string): readonly Need[] {
  return page.split("\n").filter((line) => /^\| (?!need \||---)/.test(line)).map((line) => {
    const cells = line.split("|").map((cell) => cell.trim());
    assertEquals(cells.length, 5, `a row of another form: ${line}`);
    const tests = cells[3]!.split("<br>").map((item) => {
      const match = /^`(tests\/[\w/]+_test\.ts)`: (.+)$/.exec(item);
      if (!match) throw new Error(`no test of the form \`FILE\`: NAME: ${item}`);
      return { file: match[1]!, name: match[2]! };
    });
    return { need: cells[1]!, tests };
  });
}

const NEEDS = readNeeds(Deno.readTextFileSync(new URL("docs/needs.md", ROOT)));

Deno.test("docs/needs.md has a test for every need, and each test is there and asserts something", () => {
  assert(NEEDS.length > 30, `${NEEDS.length} needs`);
  for (const { need, tests } of NEEDS) {
    for (const { file, name } of tests) {
      const test = readTest(file, name);
      assert(test !== undefined, `${need}: ${file} has no test "${name}"`);
      assertMatch(test, /\bassert/, `${need}: ${name}`);
    }
  }
});

Deno.test("a row of docs/needs.md that names no test, or one that is not there, is found", () => {
  const file = "tests/unit/scripts/needs_page_test.ts";
  assertThrows(() => readNeeds("| a | b | something |"), Error, "no test of the form");
  const [row] = readNeeds(`| a | b | \`${file}\`: no such ${"test"} |`);
  assertEquals(row, { need: "a", tests: [{ file, name: "no such test" }] });
  assertEquals(readTest(file, `no such ${"test"} of ours`), undefined);
});

Deno.test("a name that is only mentioned is no test, and what follows a test is not its own", () => {
  const source =
    `const said = "a";\nDeno.test("b", () => {\n});\nDeno.test("c", () => assert(1));\n`;
  assertEquals(findTest(source, "a"), undefined);
  assertEquals(findTest(source, "b"), '"b", () => {\n');
  assertEquals(findTest(source, "c"), '"c", () => assert(1));\n');
});
