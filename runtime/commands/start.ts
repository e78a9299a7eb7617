/** `kago start`: runs the process of a created container. */
import type { Invocation } from "../cli/command_table.ts";
import { startContainer } from "../process/container_start.ts";
import { stateRoot } from "./state_root_option.ts";

export function run({ global, positionals }: Invocation<"start">): number {
  startContainer(stateRoot(global), positionals[0]!);
  return 0;
}
