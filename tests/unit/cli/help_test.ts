import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { type CommandName, COMMANDS } from "../../../runtime/cli/command_table.ts";
import { GLOBAL_OPTIONS } from "../../../runtime/cli/common_options.ts";
import { commandHelp, helpText } from "../../../runtime/cli/help.ts";

const NAMES = Object.keys(COMMANDS) as CommandName[];

Deno.test("helpText() names every command and every global option", () => {
  const text = helpText();
  for (const name of NAMES) assertStringIncludes(text, `\n  ${name} `);
  for (const { name } of GLOBAL_OPTIONS) assertStringIncludes(text, `--${name}`);
});

Deno.test("helpText() fits 80 columns and leaves no blank at the end of a line", () => {
  for (const name of [undefined, ...NAMES]) {
    for (const line of helpText(name).split("\n")) {
      assert(line.length <= 80 && !line.endsWith(" "), `${name}: ${line}`);
    }
  }
});

Deno.test("commandHelp() shows usage, values, choices and defaults", () => {
  assertEquals(
    commandHelp("list", COMMANDS.list),
    `Usage: kago [GLOBAL OPTION]... list [OPTION]...

List the containers.

Options:
  -f, --format FORMAT  format of the list (table, json; default table)
  -q, --quiet          print ids only

See kago --help for the global options.`,
  );
});

Deno.test("commandHelp() shows which positionals may be left out or repeated", () => {
  const positionals = [{ name: "ID" }, {
    name: "ARGUMENT",
    optional: true,
    repeated: true,
  }] as const;
  assertEquals(
    commandHelp("exec", { summary: "run", positionals, options: [] }).split("\n")[0],
    "Usage: kago [GLOBAL OPTION]... exec ID [ARGUMENT...]",
  );
});
