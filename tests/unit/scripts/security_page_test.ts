/** The jail's table in docs/security.md has no empty cell, and names tests that there are. */
import { assert, assertEquals, assertThrows } from "@std/assert";

const ROOT = new URL("../../../", import.meta.url);

interface Line {
  readonly line: string;
  readonly tests: readonly { readonly file: string; readonly name: string }[];
}

/** The rows of the page's table of four columns, of which the last is tests. */
function readJail(page: string): readonly Line[] {
  const section = page.split("\n## ").find((text) => text.startsWith("The jail")) ?? "";
  return section.split("\n").filter((row) => /^\| (?!line \||---)/.test(row)).map((row) => {
    const cells = row.split("|").slice(1, -1).map((cell) => cell.trim());
    assertEquals(cells.length, 4, `a row of another form: ${row}`);
    assertEquals(cells.filter((cell) => cell === ""), [], `an empty cell: ${row}`);
    const tests = cells[3]!.split("<br>").map((item) => {
      const match = /^`(tests\/[\w/]+_test\.ts)`: (.+)$/.exec(item);
      if (!match) throw new Error(`no test of the form \`FILE\`: NAME: ${item}`);
      return { file: match[1]!, name: match[2]! };
    });
    return { line: cells[0]!, tests };
  });
}

/** A name that is registered: a string of its own, or a template that it fits. */
function hasTest(file: string, name: string): boolean {
  const source = Deno.readTextFileSync(new URL(file, ROOT));
  if (source.includes(JSON.stringify(name))) return true;
  return [...source.matchAll(/Deno\.test\(`([^`]*)`/g)].some(([, template]) => {
    const parts = template!.split(/\$\{[^}]*\}/).map((part) => RegExp.escape(part));
    const fits = new RegExp(`^${parts.join("(.+)")}$`).exec(name);
    return fits?.slice(1).every((word) => source.includes(JSON.stringify(word)));
  });
}

const JAIL = readJail(Deno.readTextFileSync(new URL("docs/security.md", ROOT)));

Deno.test("the jail's table has no empty cell, and each test that it names is there", () => {
  assert(JAIL.length > 20, `${JAIL.length} lines`);
  for (const { line, tests } of JAIL) {
    for (const { file, name } of tests) {
      assert(hasTest(file, name), `${line}: ${file} has no test "${name}"`);
    }
  }
});

Deno.test("every test of the jail stands in its table", () => {
  const file = "tests/security/vmm_jail_test.ts";
  const source = Deno.readTextFileSync(new URL(file, ROOT));
  const named = JAIL.flatMap(({ tests }) => tests).filter((test) => test.file === file);
  const names = [...source.matchAll(/Deno\.test\("([^"]*)"/g)].map(([, name]) => name!);
  assert(names.length > 10);
  assertEquals(names.filter((name) => !named.some((test) => test.name === name)), []);
});

Deno.test("a row with an empty cell, without a test, or with one that is not there, is found", () => {
  const file = "tests/unit/scripts/security_page_test.ts";
  const table = (row: string) => readJail(`\n## The jail\n${row}`);
  assertThrows(() => table("| a | b | | `tests/a_test.ts`: b |"), Error, "an empty cell");
  assertThrows(() => table("| a | b | c | something |"), Error, "no test of the form");
  const [row] = table(`| a | b | c | \`${file}\`: no such ${"test"} |`);
  assertEquals(row, { line: "a", tests: [{ file, name: "no such test" }] });
  assert(!hasTest(file, `no such ${"test"} of ours`));
});
