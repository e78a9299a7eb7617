/**
 * Parses arguments by a list of options. Owns the syntax of options. The options are in the table, commands in
 * parse.ts.
 *
 * The syntax is that of Go's flag package, which engines know from runc, plus GNU's clusters (`-df`, `-b/bundle`),
 * which crun accepts. std's parseArgs is not used: it takes `true` in `delete --force true` for the option's value,
 * parses `--no-pivot=false` as an option called pivot, cannot tell a missing value from an empty one, refuses values
 * that begin with a dash, and slows down each start.
 */
import { UnknownNameError, UsageError } from "../common/errors.ts";
import { camelCase, type Option } from "./options.ts";

/** The value of one option: a boolean, string or number, or the strings of a list option. */
export type OptionValue = boolean | string | number | string[] | undefined;

export interface Scan {
  /** By the option's name in camelCase; contains every option of the list. */
  readonly values: Record<string, OptionValue>;
  readonly positionals: string[];
}

/**
 * Parses `args`. `--` ends the options; with `stopAtPositional` the first positional ends them as well. `scope` and
 * `see` are for the error message about an unknown option: ` for create`, `kago create --help`.
 * @throws {UsageError} for an unknown option, a missing value, or a value that the option does not accept.
 */
export function scanOptions(
  args: readonly string[],
  options: readonly Option[],
  scope: string,
  see: string,
  stopAtPositional = false,
): Scan {
  const values = defaultValues(options);
  const positionals: string[] = [];
  for (let i = 0; i < args.length; i++) {
    const arg = args[i]!;
    if (arg === "--") return { values, positionals: positionals.concat(args.slice(i + 1)) };
    if (arg.length < 2 || arg[0] !== "-") {
      if (stopAtPositional) return { values, positionals: args.slice(i) };
      positionals.push(arg);
      continue;
    }
    const given = readLong(arg, options) ?? readShort(arg.slice(1), options);
    if (given === undefined) {
      const known = options.map(({ name }) => `--${name}`);
      throw new UnknownNameError("option", arg.split("=")[0]!, known, scope, see);
    }
    for (const { option, value } of given) {
      const text = value ?? (option.kind === "boolean" ? "true" : args[++i]);
      assign(values, option, text);
    }
  }
  return { values, positionals };
}

interface Given {
  readonly option: Option;
  /** undefined for a boolean without a value, or when the next argument is the value. */
  readonly value?: string | undefined;
}

function defaultValues(options: readonly Option[]): Record<string, OptionValue> {
  const values: Record<string, OptionValue> = {};
  for (const option of options) {
    values[camelCase(option.name)] = option.kind === "boolean"
      ? false
      : option.kind === "list"
      ? []
      : option.default;
  }
  return values;
}

/** `--name`, `-name`, each with or without `=value`. */
function readLong(arg: string, options: readonly Option[]): Given[] | undefined {
  const equals = arg.indexOf("=");
  const name = arg.slice(arg[1] === "-" ? 2 : 1, equals < 0 ? undefined : equals);
  const option = findOption(options, "name", name);
  return option && [{ option, value: equals < 0 ? undefined : arg.slice(equals + 1) }];
}

/** `-f`, `-f=value`, `-fvalue`, `-df`: a letter with a value takes the rest. */
function readShort(letters: string, options: readonly Option[]): Given[] | undefined {
  const option = findOption(options, "short", letters[0]) ??
    findOption(options, "alias", letters[0]);
  if (option === undefined) return undefined;
  const rest = letters.slice(1);
  if (rest === "") return [{ option }];
  if (rest[0] === "=") return [{ option, value: rest.slice(1) }];
  if (option.kind !== "boolean") return [{ option, value: rest }];
  const others = readShort(rest, options);
  return others && [{ option }, ...others];
}

function findOption(
  options: readonly Option[],
  key: "name" | "short" | "alias",
  value: string | undefined,
) {
  for (const option of options) if (option[key] === value) return option;
  return undefined;
}

function assign(values: Record<string, OptionValue>, option: Option, text: string | undefined) {
  const name = camelCase(option.name);
  if (text === undefined) {
    // podman searches for "flag needs an argument" to detect whether a runtime has an option.
    throw new UsageError(`flag needs an argument: --${option.name} ${option.placeholder}`);
  }
  if (option.choices !== undefined && !option.choices.includes(text)) {
    throw new UsageError(
      `option --${option.name}: "${text}" is not one of ${option.choices.join(", ")}`,
    );
  }
  if (option.kind === "boolean") values[name] = parseBoolean(option, text);
  else if (option.kind === "number") values[name] = parseNumber(option, text);
  else if (option.kind === "list") (values[name] as string[]).push(text);
  else values[name] = text;
}

/** The spellings of Go's strconv.ParseBool, which engines use. */
function parseBoolean(option: Option, text: string): boolean {
  if (["true", "1", "t"].includes(text.toLowerCase())) return true;
  if (["false", "0", "f"].includes(text.toLowerCase())) return false;
  throw new UsageError(`option --${option.name}: "${text}" is neither true nor false`);
}

function parseNumber(option: Option, text: string): number {
  const number = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(number)) {
    throw new UsageError(`option --${option.name}: "${text}" is not a whole number from 0`);
  }
  return number;
}
