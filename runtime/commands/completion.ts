/** `kago completion SHELL`. */
import { completionFor } from "../cli/completion.ts";
import type { Invocation } from "../cli/command_table.ts";
import { print } from "../cli/output.ts";

/** @throws {UsageError} for another shell */
export function run({ positionals: [shell] }: Invocation<"completion">): number {
  print(completionFor(shell!));
  return 0;
}
