/** `kago pause`: freezes all processes of a container. */
import type { Invocation } from "../cli/command_table.ts";
import { pauseContainer } from "../container/pause.ts";
import { stateRoot } from "./state_root_option.ts";

export function run({ global, positionals }: Invocation<"pause">): number {
  pauseContainer(stateRoot(global), positionals[0]!);
  return 0;
}
