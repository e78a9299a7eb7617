/** The completion script for fish: a `complete` for each command and each option. */
import { GLOBAL_OPTIONS } from "./common_options.ts";
import {
  ALL_COMMANDS,
  COMMAND_NAMES,
  optionsOf,
  SHELLS,
  takesContainer,
  valueKind,
  withValue,
} from "./completion_table.ts";
import type { Option } from "./options.ts";

/** __kago_words prints the command and the positionals before the cursor; VALUES are `COMMAND:OPTION`. */
const FUNCTIONS = `# fish completion for kago(1)
function __kago_words
  set -l words (commandline -opc)
  set -e words[1]
  set -l skip 0
  set -l command
  for word in $words
    if test $skip = 1
      set skip 0
      continue
    end
    switch "$command:$word"
      case VALUES
        set skip 1
      case '*:-*'
      case '*'
        test -z "$command"; and set command $word
        echo $word
    end
  end
end
function __kago_needs_command
  test (count (__kago_words)) = 0
end
function __kago_command_is
  set -l words (__kago_words)
  test (count $words) -gt 0; and test "$words[1]" = "$argv[1]"
  and begin
    test (count $argv) = 1; or test (count $words) = "$argv[2]"
  end
end
function __kago_ids
  set -l words (commandline -opc)
  set -l root
  for at in (seq 2 (count $words))
    if test "$words[$at]" = --root
      set root --root $words[(math $at + 1)]
    end
  end
  $words[1] $root list --quiet 2>/dev/null
end
complete -c kago -f
complete -c krun -w kago
`;

export function fishScript(): string {
  const lines = [
    ...ALL_COMMANDS.map(([name, { summary }]) =>
      `${when("__kago_needs_command")} -a ${name} -d ${quote(summary)}`
    ),
    ...GLOBAL_OPTIONS.map((option) => optionLine("__kago_needs_command", option)),
    ...ALL_COMMANDS.flatMap(([name, command]) => [
      ...optionsOf(command).map((option) => optionLine(`__kago_command_is ${name}`, option)),
      ...(takesContainer(name, command) ? [first(name, "(__kago_ids)")] : []),
    ]),
    first("completion", SHELLS.join(" ")),
    first("help", COMMAND_NAMES.join(" ")),
    `${when("__kago_command_is kill 2")} -a "(kill -l | string split ' ')"`,
  ];
  return `${FUNCTIONS.replace("VALUES", () => valueOptions().join(" "))}${lines.join("\n")}\n`;
}

/** All options with a value; the global ones have no command. */
function valueOptions(): string[] {
  return [
    ...withValue(GLOBAL_OPTIONS).map((spelling) => `:${spelling}`),
    ...ALL_COMMANDS.flatMap(([name, { options }]) =>
      withValue(options).map((spelling) => `${name}:${spelling}`)
    ),
  ];
}

function when(condition: string): string {
  return `complete -c kago -n ${quote(condition)}`;
}

/** The completion of a command's first positional. */
function first(name: string, words: string): string {
  return `${when(`__kago_command_is ${name} 1`)} -a ${quote(words)}`;
}

function optionLine(condition: string, option: Option): string {
  const short = option.short === undefined ? "" : ` -s ${option.short}`;
  const value = {
    none: "",
    choice: ` -x -a ${quote(option.choices?.join(" ") ?? "")}`,
    folder: " -x -a '(__fish_complete_directories)'",
    file: " -r -F",
    any: " -x",
  }[valueKind(option)];
  return `${when(condition)} -l ${option.name}${short}${value} -d ${quote(option.help)}`;
}

/** fish escapes a quote within quotes. */
function quote(text: string): string {
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}
