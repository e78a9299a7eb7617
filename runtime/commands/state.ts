/** `kago state`: a container's state as JSON (runtime spec, "Query State"). */
import type { Invocation } from "../cli/command_table.ts";
import { print } from "../cli/output.ts";
import { stateOutput } from "../state/container_state.ts";
import { liveStatus } from "../state/live_status.ts";
import { isUnlocked } from "../state/lock.ts";
import { ownerName } from "../state/owner.ts";
import { loadState } from "../state/store.ts";
import { stateRoot } from "./state_root_option.ts";

export function run({ global, positionals }: Invocation<"state">): number {
  const root = stateRoot(global);
  const state = loadState(root, positionals[0]!);
  const status = liveStatus(state, () => isUnlocked(root, state.id));
  print(`${stateOutput(state, status, ownerName(state.owner))}\n`);
  return 0;
}
