/**
 * Loads and runs the requested command and no other, so that each start pays only for its own command. loaders.ts maps
 * commands to modules.
 */
import type { Logger } from "../log.ts";
import { phase } from "../common/phases.ts";
import type { CommandName, Invocation } from "./command_table.ts";

/** What a module in runtime/commands/ exports. */
export interface CommandModule<C extends CommandName> {
  /** Returns kago's exit code; main.ts reports an error that it throws. */
  run(invocation: Invocation<C>, logger: Logger): number | Promise<number>;
}

/** One dynamic import per command. */
export type CommandLoaders = {
  readonly [C in CommandName]: () => Promise<CommandModule<C>>;
};

/** Loads and runs a command; returns kago's exit code. */
export async function runCommand<C extends CommandName>(
  loaders: CommandLoaders,
  invocation: Invocation<C>,
  logger: Logger,
): Promise<number> {
  const { run } = await loaders[invocation.command as C]();
  phase(`command ${invocation.command} loaded`);
  return await run(invocation, logger);
}
