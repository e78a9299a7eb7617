/** `kago resume`: thaws a paused container. */
import type { Invocation } from "../cli/command_table.ts";
import { resumeContainer } from "../container/pause.ts";
import { stateRoot } from "./state_root_option.ts";

export function run({ global, positionals }: Invocation<"resume">): number {
  resumeContainer(stateRoot(global), positionals[0]!);
  return 0;
}
