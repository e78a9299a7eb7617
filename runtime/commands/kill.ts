/** `kago kill`: sends a signal to the container's process, or with --all to every process in its cgroup. */
import type { Invocation } from "../cli/command_table.ts";
import { parseSignal } from "../cli/signals.ts";
import { killContainer } from "../container/kill.ts";
import { forMatching } from "./matching_ids.ts";
import { stateRoot } from "./state_root_option.ts";

export async function run(
  { global, options, positionals }: Invocation<"kill">,
): Promise<number> {
  const [id, signal = "TERM"] = positionals;
  const root = stateRoot(global);
  const kill = (id: string) => killContainer(root, id, parseSignal(signal), options.all);
  if (options.regex) await forMatching(root, global.root !== undefined, id!, kill);
  else await kill(id!);
  return 0;
}
