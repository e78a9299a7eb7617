/**
 * The text of `kago --help` and `kago COMMAND --help`, from the command table. Loaded only when asked for.
 */
import { type CommandName, COMMANDS } from "./command_table.ts";
import { capital } from "./capital.ts";
import { GLOBAL_OPTIONS } from "./common_options.ts";
import { type Example, EXAMPLES } from "./examples.ts";
import type { Command, Option, Positional } from "./options.ts";

const WIDTH = 80;

/** Help for one command, or for kago as a whole; lines without a newline at the end. */
export function helpText(command?: CommandName): string {
  return command === undefined
    ? generalHelp()
    : commandHelp(command, COMMANDS[command], EXAMPLES[command]);
}

function generalHelp(): string {
  const commands = Object.entries<Command>(COMMANDS).map(([name, { summary }]): Row => [
    name,
    summary,
  ]);
  return [
    "Usage: kago [GLOBAL OPTION]... COMMAND [OPTION]... [ARGUMENT]...",
    "",
    "Runs OCI containers, as libkrun microVMs or as ordinary Linux containers.",
    "",
    "Commands:",
    ...columns(commands),
    "",
    "Global options:",
    ...columns(GLOBAL_OPTIONS.map(optionRow)),
    "",
    "See kago COMMAND --help for the options of a command.",
  ].join("\n");
}

/** Help for one command of the table. */
export function commandHelp(
  name: string,
  command: Command,
  examples: readonly Example[] = [],
): string {
  const usage = ["kago", "[GLOBAL OPTION]...", name];
  if (command.options.length > 0) usage.push("[OPTION]...");
  usage.push(...command.positionals.map(positionalUsage));
  const lines = [`Usage: ${usage.join(" ")}`, "", `${capital(command.summary)}.`];
  if (command.details !== undefined) lines.push(...wrap(command.details, WIDTH));
  if (command.options.length > 0) {
    lines.push("", "Options:", ...columns(command.options.map(optionRow)));
  }
  if (examples.length > 0) lines.push("", "Examples:");
  for (const { what, command } of examples) lines.push(`  ${what}`, `    ${command}`);
  lines.push("", "See kago --help for the global options.");
  return lines.join("\n");
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

/** What values an option takes, in brackets. */
export function optionNote(option: Option): string {
  const notes: string[] = [];
  if (option.choices !== undefined) notes.push(option.choices.join(", "));
  if (option.default !== undefined) notes.push(`default ${option.default}`);
  if (option.kind === "list") notes.push("may be repeated");
  return notes.length === 0 ? "" : ` (${notes.join("; ")})`;
}

/** Two columns, the right one wrapped. */
function columns(rows: readonly Row[]): string[] {
  const left = 4 + Math.max(...rows.map(([text]) => text.length));
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
