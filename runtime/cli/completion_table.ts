/** What can be completed, from the command table: commands, options, their values, ids of containers. */
import { COMMANDS } from "./command_table.ts";
import { HELP_OPTION } from "./common_options.ts";
import type { Command, Option } from "./options.ts";

export const SHELLS = ["bash", "zsh", "fish"] as const;

export const ALL_COMMANDS: readonly (readonly [name: string, command: Command])[] = Object.entries(
  COMMANDS,
);

export const COMMAND_NAMES: readonly string[] = Object.keys(COMMANDS);

export function optionsOf(command: Command): readonly Option[] {
  return [...command.options, HELP_OPTION];
}

/** Commands whose ID is that of a new container. */
const NEW_ID = ["create", "run", "restore", "plan"];

/** Is the first positional the id of an existing container? */
export function takesContainer(name: string, { positionals }: Command): boolean {
  return positionals[0]?.name === "ID" && !NEW_ID.includes(name);
}

/** What follows an option: nothing, one of some words, a folder, a file, or something that no shell can complete. */
export type ValueKind = "none" | "choice" | "folder" | "file" | "any";

export function valueKind({ kind, choices, placeholder }: Option): ValueKind {
  if (kind === "boolean") return "none";
  if (choices) return "choice";
  if (placeholder === "DIR") return "folder";
  return ["FILE", "SOCKET", "PROGRAM"].includes(placeholder ?? "") ? "file" : "any";
}

export function spellings({ name, short }: Option): string[] {
  return short === undefined ? [`--${name}`] : [`--${name}`, `-${short}`];
}

/** The spellings of the options that take a value. */
export function withValue(options: readonly Option[]): string[] {
  return options.filter((option) => valueKind(option) !== "none").flatMap(spellings);
}
