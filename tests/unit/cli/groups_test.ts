import { assertEquals } from "@std/assert";
import { type CommandName, COMMANDS } from "../../../runtime/cli/command_table.ts";
import { GLOBAL_OPTIONS } from "../../../runtime/cli/common_options.ts";
import {
  COMMAND_GROUPS,
  GLOBAL_GROUPS,
  type Groups,
  inGroups,
  OPTION_GROUPS,
} from "../../../runtime/cli/groups.ts";

const namesIn = (groups: Groups) => groups.flatMap(([, names]) => names);

Deno.test("every command is in one group, and so is every global option", () => {
  assertEquals(namesIn(COMMAND_GROUPS).toSorted(), Object.keys(COMMANDS).toSorted());
  assertEquals(
    namesIn(GLOBAL_GROUPS).toSorted(),
    GLOBAL_OPTIONS.map(({ name }) => name).toSorted(),
  );
});

Deno.test("a command with groups has each of its options in one of them", () => {
  for (const [command, groups] of Object.entries(OPTION_GROUPS)) {
    const names = namesIn(groups);
    for (const { name } of COMMANDS[command as CommandName].options) {
      assertEquals(names.filter((one) => one === name), [name], `${command} --${name}`);
    }
  }
});

Deno.test("a command without groups has few options", () => {
  for (const [command, { options }] of Object.entries(COMMANDS)) {
    if (!OPTION_GROUPS[command as CommandName]) assertEquals(options.length <= 4, true, command);
  }
});

Deno.test("inGroups() leaves empty groups out, and has the rest at the end", () => {
  const groups = [["First", ["a"]], ["Second", ["b"]]] as const;
  assertEquals(inGroups(["c", "a"], groups, (name) => name, "Rest"), [["First", ["a"]], ["Rest", [
    "c",
  ]]]);
});
