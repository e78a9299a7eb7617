/**
 * `kago ps`: the processes of a container, as the host's ps shows them or as pids in JSON. For a container with an agent,
 * the agent reports them.
 */
import { childEnvironment } from "../../ffi/environment.ts";
import { cgroupPids } from "../cgroup/life/kill.ts";
import type { Invocation } from "../cli/command_table.ts";
import { print } from "../cli/output.ts";
import { HostError, UsageError } from "../common/errors.ts";
import { findProgram } from "../find_program.ts";
import type { Logger } from "../log.ts";
import { loadAgent } from "../../executors/registry.ts";
import type { StoredState } from "../state/container_state.ts";
import { liveStatus } from "../state/live_status.ts";
import { isUnlocked } from "../state/lock.ts";
import { loadState } from "../state/store.ts";
import { stateRoot } from "./state_root_option.ts";

export async function run(invocation: Invocation<"ps">, logger: Logger): Promise<number> {
  const { global, options: { format }, positionals: [id, ...psOptions] } = invocation;
  const root = stateRoot(global);
  const state = loadState(root, id!);
  if (format === "guest") checkInside(state, psOptions);
  if (state.agent && (format === "guest" || format === "table")) {
    const agent = await loadAgent(state);
    const text = await agent.ps({ state, stateFolder: `${root}/${id}` }, {
      status: liveStatus(state, () => isUnlocked(root, state.id)),
      format,
      options: psOptions,
      warn: logger.warn,
    });
    if (text !== undefined) {
      print(text);
      return 0;
    }
  }
  const pids = pidsOf(state);
  print(
    format === "json"
      ? `${JSON.stringify(pids)}\n`
      : filterPs(askPs(psOptions.length > 0 ? psOptions : ["-ef"]), pids),
  );
  return 0;
}

function checkInside({ id, agent }: StoredState, psOptions: readonly string[]): void {
  if (psOptions.length > 0) throw new UsageError("--format guest takes no options for ps");
  if (agent) return;
  throw new HostError(
    `container ${id} has no guest that can list its processes`,
    "only a microVM with the guest agent has one: use another format",
  );
}

/** The host's pids, also for a microVM: engines expect those. */
function pidsOf({ id, cgroup }: StoredState): number[] {
  if (cgroup) return cgroupPids(cgroup).sort((a, b) => a - b);
  throw new HostError(
    `cannot list the processes of container ${id}: it has no cgroup of its own`,
    "create it with a cgroup manager",
  );
}

/** The output of ps(1) with these options. */
function askPs(options: readonly string[]): string {
  const path = findProgram("ps");
  if (!path) {
    throw new HostError("there is no ps on this host", "install procps, or use --format json");
  }
  const output = new Deno.Command(path, {
    args: [...options],
    ...childEnvironment(),
    stdin: "null",
  }).outputSync();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  if (output.success) return text(output.stdout);
  const said = text(output.stderr).trim() || text(output.stdout).trim();
  throw new UsageError(`ps ${options.join(" ")} failed with exit code ${output.code}: ${said}`);
}

/**
 * The header of ps's table, and the lines of these processes.
 * @throws {UsageError} when the table has no column PID to identify them.
 */
export function filterPs(table: string, pids: readonly number[]): string {
  const [header = "", ...lines] = table.split("\n");
  const column = wordsOf(header).indexOf("PID");
  if (column < 0) throw new UsageError("the output of ps has no column PID: add that column");
  const wanted = new Set(pids.map(String));
  const kept = lines.filter((line) => {
    const pid = wordsOf(line)[column] ?? "";
    // An earlier column has words with spaces, or is empty.
    if (line !== "" && !/^\d+$/.test(pid)) {
      throw new UsageError(`there is no process id in "${line}": make PID the first column of ps`);
    }
    return wanted.has(pid);
  });
  return [header, ...kept].map((line) => `${line}\n`).join("");
}

function wordsOf(line: string): string[] {
  return line.split(/\s+/).filter(Boolean);
}
