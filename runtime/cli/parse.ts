/**
 * Turns kago's arguments into one command with typed values. It takes two steps, because the global options determine
 * where and how an error in the rest is logged. The syntax is in scan.ts, the options are in command_table.ts.
 */
import { UnknownNameError, UsageError } from "../common/errors.ts";
import {
  ALIASES,
  type CommandName,
  COMMANDS,
  type GlobalOptions,
  type Invocation,
} from "./command_table.ts";
import { GLOBAL_OPTIONS, HELP_OPTION } from "./common_options.ts";
import type { Command, Option, Positional } from "./options.ts";
import { scanOptions } from "./scan.ts";

const HELP = "kago --help";

/** The global options, and the command with all that follows it. */
export interface Opening {
  readonly global: GlobalOptions;
  readonly rest: readonly string[];
}

/** The request of the user. */
export type CommandLine =
  | { readonly kind: "run"; readonly invocation: Invocation }
  | { readonly kind: "help"; readonly command?: CommandName }
  | { readonly kind: "version" };

/**
 * Parses the options before the command.
 * @throws {UsageError}
 */
export function parseGlobalOptions(args: readonly string[]): Opening {
  const scan = scanOptions(args, GLOBAL_OPTIONS, "", HELP, true);
  return { global: scan.values as unknown as GlobalOptions, rest: scan.positionals };
}

/**
 * Parses the command and its arguments.
 * @throws {UsageError} for an unknown command or option, an invalid value, and too few or too many positionals.
 */
export function parseCommand({ global, rest }: Opening): CommandLine {
  if (global.version) return { kind: "version" };
  if (global.help) return { kind: "help" };
  const [name, ...args] = rest;
  if (name === undefined) return { kind: "help" };
  if (name === "help") {
    return args[0] === undefined
      ? { kind: "help" }
      : { kind: "help", command: commandName(args[0]) };
  }
  const command = commandName(name);
  const { help, values, positionals } = parseArguments(command, COMMANDS[command], args);
  if (help) return { kind: "help", command };
  return {
    kind: "run",
    invocation: { command, global, options: values, positionals } as unknown as Invocation,
  };
}

/**
 * Parses the arguments of one command. With `help` the positionals are not checked.
 * @throws {UsageError}
 */
export function parseArguments(name: string, command: Command, args: readonly string[]) {
  const see = `kago ${name} --help`;
  const options: readonly Option[] = [...command.options, HELP_OPTION];
  const scan = scanOptions(args, options, ` for ${name}`, see, command.stopAtPositional);
  const { help, ...values } = scan.values;
  if (help === false) checkPositionals(name, command.positionals, scan.positionals, see);
  return { help: help === true, values, positionals: scan.positionals };
}

function checkPositionals(
  name: string,
  wanted: readonly Positional[],
  given: readonly string[],
  see: string,
) {
  const missing = wanted[given.length];
  if (missing !== undefined && !missing.optional) {
    throw new UsageError(`${name} needs ${missing.name}; see ${see}`);
  }
  if (given.length > wanted.length && !wanted.at(-1)?.repeated) {
    throw new UsageError(`${name} does not take "${given[wanted.length]}"; see ${see}`);
  }
}

function commandName(name: string): CommandName {
  for (const known in COMMANDS) if (known === name) return name as CommandName;
  if (Object.hasOwn(ALIASES, name)) return ALIASES[name]!;
  throw new UnknownNameError("command", name, Object.keys(COMMANDS), "", HELP);
}
