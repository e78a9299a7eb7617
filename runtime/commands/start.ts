/** `kago start`: runs the process of a created container. */
import { variable } from "../../ffi/environment.ts";
import type { Invocation } from "../cli/command_table.ts";
import type { Logger } from "../log.ts";
import { startContainer } from "../container/start.ts";
import { awaitReady, connectToManager } from "../stages/sd_notify.ts";
import { stateRoot } from "./state_root_option.ts";

export async function run(
  { global, positionals }: Invocation<"start">,
  logger: Logger,
): Promise<number> {
  const manager = connectToManager(variable("NOTIFY_SOCKET"), logger.warn);
  const root = stateRoot(global);
  const { pid, notify } = await startContainer(root, positionals[0]!, logger.warn, manager);
  awaitReady(notify, pid);
  return 0;
}
