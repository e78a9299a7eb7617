/** The text of `kago --help` and `kago COMMAND --help`, from the command table. Loaded only on request. */
import { type CommandName, COMMANDS } from "./command_table.ts";
import { capital } from "./capital.ts";
import { GLOBAL_OPTIONS } from "./common_options.ts";
import { type Example, EXAMPLES } from "./examples.ts";
import { COMMAND_GROUPS, GLOBAL_GROUPS, type Groups, inGroups, OPTION_GROUPS } from "./groups.ts";
import type { Paint } from "../colour.ts";
import type { Command, Option, Positional } from "./options.ts";

const WIDTH = 80;

const PLAIN: Paint = (_, text) => text;

/** Help for one command, or for kago as a whole; without a newline at the end. */
export function helpText(command?: CommandName, paint = PLAIN): string {
  return command === undefined
    ? generalHelp(paint)
    : commandHelp(command, COMMANDS[command], EXAMPLES[command], OPTION_GROUPS[command], paint);
}

function generalHelp(paint: Paint): string {
  const commands = Object.entries<Command>(COMMANDS).map(([name, { summary }]): Row => [
    name,
    summary,
  ]);
  return [
    `${paint("bold", "Usage:")} kago [GLOBAL OPTION]... COMMAND [OPTION]... [ARGUMENT]...`,
    "",
    "Runs OCI containers, as libkrun microVMs or as ordinary Linux containers.",
    ...sections(inGroups(commands, COMMAND_GROUPS, ([name]) => name, "Other commands"), paint),
    ...sections(optionGroups(GLOBAL_OPTIONS, GLOBAL_GROUPS), paint),
    "",
    "See kago COMMAND --help for the options of a command.",
  ].join("\n");
}

/** Help for one command of the table. */
export function commandHelp(
  name: string,
  command: Command,
  examples: readonly Example[] = [],
  groups: Groups = [],
  paint = PLAIN,
): string {
  const usage = ["kago", "[GLOBAL OPTION]...", name];
  if (command.options.length > 0) usage.push("[OPTION]...");
  usage.push(...command.positionals.map(positionalUsage));
  const lines = [
    `${paint("bold", "Usage:")} ${usage.join(" ")}`,
    "",
    `${capital(command.summary)}.`,
  ];
  if (command.details !== undefined) lines.push(...wrap(command.details, WIDTH));
  lines.push(...sections(optionGroups(command.options, groups), paint));
  if (examples.length > 0) lines.push("", paint("bold", "Examples:"));
  for (const { what, command } of examples) lines.push(`  ${what}`, `    ${command}`);
  lines.push("", "See kago --help for the global options.");
  return lines.join("\n");
}

/** The options alone, under their heading. */
export function optionsText(options: readonly Option[]): string {
  return sections(optionGroups(options, []), PLAIN).slice(1).join("\n");
}

function optionGroups(options: readonly Option[], groups: Groups) {
  return inGroups(options, groups, ({ name }) => name, "Options")
    .map(([heading, members]) => [heading, members.map(optionRow)] as const);
}

/** Each group under its heading, all in the same two columns. */
function sections(
  groups: readonly (readonly [heading: string, rows: readonly Row[]])[],
  paint: Paint,
): string[] {
  const left = 4 + Math.max(...groups.flatMap(([, rows]) => rows.map(([text]) => text.length)));
  return groups.flatMap(([heading, rows]) => [
    "",
    paint("bold", `${heading}:`),
    ...columns(rows, left),
  ]);
}

type Row = [left: string, right: string];

/** `[NAME...]`. */
export function positionalUsage({ name, optional, repeated }: Positional): string {
  const text = repeated ? `${name}...` : name;
  return optional ? `[${text}]` : text;
}

function optionRow(option: Option): Row {
  const short = option.short === undefined ? "    " : `-${option.short}, `;
  const value = option.placeholder === undefined ? "" : ` ${option.placeholder}`;
  return [`${short}--${option.name}${value}`, option.help + optionNote(option)];
}

/** The values that an option takes, in brackets. */
export function optionNote(option: Option): string {
  const notes: string[] = [];
  if (option.choices !== undefined) notes.push(option.choices.join(", "));
  if (option.default !== undefined) notes.push(`default ${option.default}`);
  if (option.kind === "list") notes.push("may be repeated");
  return notes.length === 0 ? "" : ` (${notes.join("; ")})`;
}

/** Two columns: the left one has this width, the right one is wrapped. */
function columns(rows: readonly Row[], left: number): string[] {
  return rows.flatMap(([text, help]) =>
    wrap(help, WIDTH - left).map((line, i) => (i === 0 ? `  ${text}` : "").padEnd(left) + line)
  );
}

function wrap(text: string, width: number): string[] {
  const lines = [""];
  for (const word of text.split(" ")) {
    const last = lines.at(-1)!;
    if (last === "") lines[lines.length - 1] = word;
    else if (last.length + 1 + word.length <= width) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}
