/**
 * Runs the command that was asked for, and loads no other: each start pays only for its own command. Which module
 * belongs to which command is loaders.ts's.
 */
import type { Logger } from "../log.ts";
import { phase } from "../common/phases.ts";
import type { CommandName, Invocation } from "./command_table.ts";

/** What a module in runtime/commands/ exports. */
export interface CommandModule<C extends CommandName> {
  /** Returns kago's exit code; an error that it throws is reported by main.ts. */
  run(invocation: Invocation<C>, logger: Logger): number | Promise<number>;
}

/** One dynamic import for each command. */
export type CommandLoaders = {
  readonly [C in CommandName]: () => Promise<CommandModule<C>>;
};

/** Loads and runs a command; the result is kago's exit code. */
export async function runCommand<C extends CommandName>(
  loaders: CommandLoaders,
  invocation: Invocation<C>,
  logger: Logger,
): Promise<number> {
  const { run } = await loaders[invocation.command as C]();
  phase(`command ${invocation.command} loaded`);
  return await run(invocation, logger);
}
