/** `kago delete`: removes a stopped container; with --force any container. */
import type { Invocation } from "../cli/command_table.ts";
import type { Logger } from "../log.ts";
import { deleteContainer } from "../container/delete.ts";
import { forMatching } from "./matching_ids.ts";
import { stateRoot } from "./state_root_option.ts";

export async function run(
  { global, options, positionals }: Invocation<"delete">,
  logger: Logger,
): Promise<number> {
  const root = stateRoot(global);
  const remove = (id: string) => deleteContainer(root, id, options.force, logger.warn);
  if (options.regex) await forMatching(root, global.root !== undefined, positionals[0]!, remove);
  else await remove(positionals[0]!);
  return 0;
}
