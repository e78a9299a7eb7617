/** `events`: what a container uses, and when it runs out of memory, for as long as it runs. */
import type { Agent, AgentFigures } from "../../executors/interface/agent.ts";
import { loadAgent } from "../../executors/registry.ts";
import { closeFd } from "../../ffi/descriptors.ts";
import type { readRefusals } from "../cgroup/egress/egress_filter.ts";
import { OomWatch } from "../cgroup/stats/oom.ts";
import type { CgroupRecord } from "../cgroup/path.ts";
import { readStats } from "../cgroup/stats/stats.ts";
import type { CgroupStats } from "../cgroup/stats/figures.ts";
import { given } from "../common/given.ts";
import { HostError, NotFoundError, StateError, SyscallError } from "../common/errors.ts";
import type { StoredState } from "../state/container_state.ts";
import { liveStatus } from "../state/live_status.ts";
import { isUnlocked } from "../state/lock.ts";
import { loadState } from "../state/store.ts";
import { openInit } from "../stages/signal_init.ts";

/** The shape of runc's events, which engines and exporters parse. */
export type ContainerEvent =
  | { readonly type: "oom"; readonly id: string }
  | {
    readonly type: "stats";
    readonly id: string;
    readonly data: CgroupStats & {
      readonly intel_rdt: object;
      readonly network_interfaces: null;
      /** What the agent of a container that has one says; null when it is not to be asked, or does not answer. */
      readonly guest?: AgentFigures | null;
      /** Of a container with egress rules: how often they have refused what, in the words of refusal.ts; absent if that cannot be read. */
      readonly egress_refused?: Readonly<Record<string, number>>;
    };
  };

/**
 * The container's statistics now.
 * @throws {StateError} when it has no process.
 */
export async function statsEvent(root: string, id: string): Promise<ContainerEvent> {
  const state = loadLive(root, id);
  return toEvent(root, state, await sourcesOf(state));
}

/** Who tells what cgroup files do not; loaded for the containers that have it. */
interface Sources {
  readonly agent?: Agent;
  readonly refusals?: typeof readRefusals;
}

async function sourcesOf(state: StoredState): Promise<Sources> {
  const agent = await agentOf(state);
  if (!state.egress) return given({ agent });
  const { readRefusals } = await import("../cgroup/egress/egress_filter.ts");
  return given({ agent, refusals: readRefusals });
}

async function agentOf(state: StoredState): Promise<Agent | undefined> {
  return state.agent ? await loadAgent(state) : undefined;
}

/** runc has no interfaces of its own making to count here either, and the resctrl filesystem is not used. */
function toEvent(root: string, state: StoredState, { agent, refusals }: Sources): ContainerEvent {
  const cgroup = cgroupOf(state);
  const data = { ...readStats(cgroup), intel_rdt: {}, network_interfaces: null };
  const guest = agent ? { guest: figuresOf(root, state, agent) } : {};
  const egress = refusals ? given({ egress_refused: refusedBy(refusals, cgroup) }) : {};
  return { type: "stats", id: state.id, data: { ...data, ...guest, ...egress } };
}

/** Undefined where they cannot be read, which takes more rights than the other figures do. */
function refusedBy(
  refusals: typeof readRefusals,
  cgroup: CgroupRecord,
): Readonly<Record<string, number>> | undefined {
  try {
    const all = refusals(cgroup)?.map(({ what, count }) => [what, count]);
    return all && Object.fromEntries(all);
  } catch (error) {
    if (error instanceof SyscallError) return undefined;
    throw error;
  }
}

function figuresOf(root: string, stored: StoredState, agent: Agent): AgentFigures | null {
  const state = currentState(root, stored);
  const status = liveStatus(state, () => isUnlocked(root, state.id));
  return status === "running" ? agent.figures({ state, stateFolder: `${root}/${state.id}` }) : null;
}

/** What was created when a stream began may run by now, or be gone. */
function currentState(root: string, state: StoredState): StoredState {
  if (state.status !== "created") return state;
  try {
    return loadState(root, state.id);
  } catch (error) {
    if (error instanceof NotFoundError) return state;
    throw error;
  }
}

/**
 * Hands over events as they come, statistics every `interval` milliseconds, and returns when the container has stopped.
 * @throws {StateError} when it has no process.
 */
export async function followEvents(
  root: string,
  id: string,
  interval: number,
  print: (event: ContainerEvent) => void,
): Promise<void> {
  const state = loadLive(root, id);
  const sources = await sourcesOf(state);
  const cgroup = cgroupOf(state);
  using watch = new OomWatch(cgroup);
  const init = openInit(state);
  if (init === undefined) return;
  try {
    for (let next = performance.now() + interval;;) {
      const { oom, ended } = watch.wait(init, timeUntil(next));
      if (oom) print({ type: "oom", id });
      if (ended) return;
      if (performance.now() < next) continue;
      print(toEvent(root, state, sources));
      // Not in a hurry when it was suspended for long.
      next = Math.max(next + interval, performance.now());
    }
  } finally {
    closeFd(init);
  }
}

/** Whole milliseconds as poll(2) takes them. */
function timeUntil(moment: number): number {
  return Math.max(0, Math.min(Math.ceil(moment - performance.now()), 2 ** 31 - 1));
}

function loadLive(root: string, id: string): StoredState {
  const state = loadState(root, id);
  const status = liveStatus(state, () => isUnlocked(root, id));
  if (status !== "stopped" && status !== "creating") return state;
  throw new StateError(id, "report events of", status, ["created", "running", "paused"]);
}

function cgroupOf({ id, cgroup }: StoredState): CgroupRecord {
  if (cgroup) return cgroup;
  throw new HostError(
    `cannot report events of container ${id}: it has no cgroup of its own`,
    "create it with a cgroup manager",
  );
}
