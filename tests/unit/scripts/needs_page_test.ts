/** docs/needs.md names tests that there are, and proves every need with one. */
import { assert, assertEquals, assertThrows } from "@std/assert";

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

/** A name that is registered: a string of its own, in the call that registers it. */
function hasTest(file: string, name: string): boolean {
  const source = Deno.readTextFileSync(new URL(file, ROOT));
  return source.includes(JSON.stringify(name));
}

const NEEDS = readNeeds(Deno.readTextFileSync(new URL("docs/needs.md", ROOT)));

Deno.test("docs/needs.md has a test for every need, and each test is there", () => {
  assert(NEEDS.length > 30, `${NEEDS.length} needs`);
  for (const { need, tests } of NEEDS) {
    for (const { file, name } of tests) {
      assert(hasTest(file, name), `${need}: ${file} has no test "${name}"`);
    }
  }
});

Deno.test("a row of docs/needs.md that names no test, or one that is not there, is found", () => {
  const file = "tests/unit/scripts/needs_page_test.ts";
  assertThrows(() => readNeeds("| a | b | something |"), Error, "no test of the form");
  const [row] = readNeeds(`| a | b | \`${file}\`: no such ${"test"} |`);
  assertEquals(row, { need: "a", tests: [{ file, name: "no such test" }] });
  assert(!hasTest(file, `no such ${"test"} of ours`));
});
