/** `kago delete`: removes a stopped container, with --force any. */
import type { Invocation } from "../cli/command_table.ts";
import type { Logger } from "../log.ts";
import { deleteContainer } from "../container/delete.ts";
import { stateRoot } from "./state_root_option.ts";

export async function run(
  { global, options, positionals }: Invocation<"delete">,
  logger: Logger,
): Promise<number> {
  await deleteContainer(stateRoot(global), positionals[0]!, options.force, logger.warn);
  return 0;
}
