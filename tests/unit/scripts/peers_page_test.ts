/** docs/peers.md has no empty cell, and each of kago's is shown by a test that there is, or by a command. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { readTest } from "../../harness/named_tests.ts";

interface Row {
  readonly what: string;
  /** `FILE: NAME`; none where a command shows it. */
  readonly tests: readonly { readonly file: string; readonly name: string }[];
}

function readRows(page: string): readonly Row[] {
  return page.split("\n").filter((line) => /^\| (?!what \||---)/.test(line)).map((line) => {
    const cells = line.split("|").slice(1, -1).map((cell) => cell.trim());
    assertEquals(cells.length, 8, `a row of another form: ${line}`);
    assertEquals(cells.filter((cell) => cell === ""), [], `an empty cell: ${line}`);
    const [what, , shown] = cells as [string, string, string];
    if (/^`deno task [\w:]+`/.test(shown)) return { what, tests: [] };
    const tests = shown.split("<br>").map((item) => {
      const match = /^`(tests\/[\w/]+_test\.ts)`: (.+)$/.exec(item);
      if (!match) throw new Error(`no test of the form \`FILE\`: NAME: ${item}`);
      return { file: match[1]!, name: match[2]! };
    });
    return { what, tests };
  });
}

Deno.test("docs/peers.md shows each of kago's cells by tests that there are", async () => {
  const page = await Deno.readTextFile(new URL("../../../docs/peers.md", import.meta.url));
  const rows = readRows(page);
  assert(rows.length > 20, `${rows.length} rows`);
  for (const { what, tests } of rows) {
    for (const { file, name } of tests) {
      assert(readTest(file, name), `${what}: ${file} has no test "${name}"`);
    }
  }
});

Deno.test("a row of docs/peers.md with an empty cell, or shown by nothing, is found", () => {
  const row = (shown: string, last: string) => `| a | b | ${shown} | c | d | e | f | ${last} |`;
  const test = "`tests/unit/scripts/peers_page_test.ts`: a name";
  assertThrows(() => readRows(row("nothing", "g")), Error, "no test of the form");
  assertThrows(() => readRows(row(test, "")), Error, "an empty cell");
  assertEquals(readRows(row(test, "g"))[0]?.tests[0]?.name, "a name");
  assertEquals(readRows(row("`deno task docs:engines`", "g"))[0]?.tests, []);
});
