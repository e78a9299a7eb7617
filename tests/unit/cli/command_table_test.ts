import { assert, assertEquals, assertMatch } from "@std/assert";
import { COMMANDS } from "../../../runtime/cli/command_table.ts";
import { GLOBAL_OPTIONS, HELP_OPTION } from "../../../runtime/cli/common_options.ts";
import type { Command, Option } from "../../../runtime/cli/options.ts";

const LISTS: [string, readonly Option[]][] = [
  ["global", GLOBAL_OPTIONS],
  ...Object.entries<Command>(COMMANDS).map(([name, { options }]): [string, readonly Option[]] => [
    name,
    [...options, HELP_OPTION],
  ]),
];

Deno.test("the table has each name and letter once in a list of options", () => {
  for (const [list, options] of LISTS) {
    const names = options.flatMap(({ name, short }) =>
      short === undefined ? [name] : [name, short]
    );
    assertEquals(names.length, new Set(names).size, list);
  }
});

Deno.test("the table's options have kebab-case names, a placeholder unless boolean, and a fitting default", () => {
  for (const option of LISTS.flatMap(([, options]) => options)) {
    assertMatch(option.name, /^[a-z][a-z0-9]*(-[a-z]+)*$/);
    assertEquals(option.placeholder === undefined, option.kind === "boolean", option.name);
    if (option.choices !== undefined && option.default !== undefined) {
      assert(option.choices.includes(String(option.default)), option.name);
    }
  }
});

Deno.test("the table's optional positionals come last, and only the last may be repeated", () => {
  for (const { positionals } of Object.values<Command>(COMMANDS)) {
    const optional = positionals.map((positional) => positional.optional === true);
    assertEquals(optional, optional.toSorted());
    assert(!positionals.slice(0, -1).some((positional) => positional.repeated));
  }
});
