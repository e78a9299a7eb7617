/** `kago kill`: a signal to the container's process, or with --all to every process in its cgroup. */
import type { Invocation } from "../cli/command_table.ts";
import { parseSignal } from "../cli/signals.ts";
import { killContainer } from "../container/kill.ts";
import { stateRoot } from "./state_root_option.ts";

export function run({ global, options, positionals }: Invocation<"kill">): number {
  const [id, signal = "TERM"] = positionals;
  killContainer(stateRoot(global), id!, parseSignal(signal), options.all);
  return 0;
}
