/** `kago kill`: a signal to the container's process, or with --all to every process in its cgroup. */
import { killCgroup } from "../cgroup/kill.ts";
import type { Invocation } from "../cli/command_table.ts";
import { parseSignal } from "../cli/signals.ts";
import { StateError } from "../errors.ts";
import { signalInit } from "../process/container_signal.ts";
import { liveStatus } from "../state/live_status.ts";
import { isUnlocked } from "../state/lock.ts";
import { loadState } from "../state/store.ts";
import { stateRoot } from "./state_root_option.ts";

const ALLOWED = ["created", "running"] as const;

export function run({ global, options, positionals }: Invocation<"kill">): number {
  const root = stateRoot(global);
  const state = loadState(root, positionals[0]!);
  const signal = parseSignal(positionals[1] ?? "TERM");
  if (options.all && state.cgroup) {
    killCgroup(state.cgroup, signal);
    return 0;
  }
  const status = liveStatus(state, () => isUnlocked(root, state.id));
  if (status === "stopped" || status === "creating" || !signalInit(state, signal)) {
    throw new StateError(state.id, "kill", status, ALLOWED);
  }
  return 0;
}
