/**
 * The types of the command-line table: options, positionals, commands, and the values that they yield. The options are
 * in command_table.ts, the parser is in parse.ts.
 */

/** One option. `--name VALUE`, `--name=VALUE`, `-name VALUE` and `-s VALUE` all set it. */
export interface Option {
  /** The long name without dashes; commands see it in camelCase. */
  readonly name: string;
  /** One letter. */
  readonly short?: string;
  /** Another letter, which crun has. */
  readonly alias?: string;
  /** `number` is a whole number from 0; a `list` option may be repeated; for the others the last occurrence counts. */
  readonly kind: "boolean" | "string" | "number" | "list";
  /** The value's name in help; required for all but booleans. */
  readonly placeholder?: string;
  /** The only allowed values. */
  readonly choices?: readonly string[];
  readonly default?: string | number;
  readonly help: string;
}

/** One argument that is not an option. */
export interface Positional {
  readonly name: string;
  readonly optional?: true;
  /** Only for the last positional: it takes all remaining arguments. */
  readonly repeated?: true;
}

/** One command. */
export interface Command {
  readonly summary: string;
  /** A paragraph for the command's help. */
  readonly details?: string;
  readonly positionals: readonly Positional[];
  readonly options: readonly Option[];
  /** After the first positional there are no options: what follows belongs to another program. */
  readonly stopAtPositional?: true;
}

type CamelCase<S extends string> = S extends `${infer Head}-${infer Tail}`
  ? `${Head}${Capitalize<CamelCase<Tail>>}`
  : S;

type ScalarOf<O extends Option> = O["kind"] extends "number" ? number
  : O extends { readonly choices: readonly (infer Choice)[] } ? Choice
  : string;

type ValueOf<O extends Option> = O["kind"] extends "boolean" ? boolean
  : O["kind"] extends "list" ? readonly string[]
  : O extends { readonly default: string | number } ? ScalarOf<O>
  : ScalarOf<O> | undefined;

/** The values of a list of options: booleans default to false, lists to empty, others to their default or undefined. */
export type OptionValues<T extends readonly Option[]> = {
  readonly [O in T[number] as CamelCase<O["name"]>]: ValueOf<O>;
};

/** `no-new-keyring` becomes `noNewKeyring`; without a regular expression, whose first use costs 0.2 ms at start-up. */
export function camelCase(name: string): string {
  const [head, ...words] = name.split("-");
  let joined = head!;
  for (const word of words) joined += word[0]!.toUpperCase() + word.slice(1);
  return joined;
}
