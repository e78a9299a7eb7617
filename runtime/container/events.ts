/** `events`: a container's resource usage and its OOM events, for as long as it runs. */
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

/** The format of runc's events, which engines and exporters parse. */
export type ContainerEvent =
  | { readonly type: "oom"; readonly id: string }
  | {
    readonly type: "stats";
    readonly id: string;
    readonly data: CgroupStats & {
      readonly intel_rdt: object;
      readonly network_interfaces: null;
      /** The figures of the container's agent; null if it cannot be asked, or does not answer. */
      readonly guest?: AgentFigures | null;
      /** Refusals of egress rules by kind, named as in refusal.ts; absent if they cannot be read. */
      readonly egress_refused?: Readonly<Record<string, number>>;
    };
  };

/**
 * The container's current statistics.
 * @throws {StateError} when it has no process.
 */
export async function statsEvent(root: string, id: string): Promise<ContainerEvent> {
  const state = loadLive(root, id);
  return toEvent(root, state, await sourcesOf(state));
}

/** Sources of figures that cgroup files do not have; loaded only for containers that have them. */
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

/** As in runc, no network interfaces are counted. The resctrl filesystem is not read. */
function toEvent(root: string, state: StoredState, { agent, refusals }: Sources): ContainerEvent {
  const cgroup = cgroupOf(state);
  const data = { ...readStats(cgroup), intel_rdt: {}, network_interfaces: null };
  const guest = agent ? { guest: figuresOf(root, state, agent) } : {};
  const egress = refusals ? given({ egress_refused: refusedBy(refusals, cgroup) }) : {};
  return { type: "stats", id: state.id, data: { ...data, ...guest, ...egress } };
}

/** Undefined if the counters cannot be read, which needs more privileges than the other figures. */
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

/** A container that was created when the stream began may be running or gone by now. */
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
 * Emits events as they occur, statistics every `interval` milliseconds, and returns when the container has stopped.
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
      // After a long suspend, intervals that were missed are not made up for.
      next = Math.max(next + interval, performance.now());
    }
  } finally {
    closeFd(init);
  }
}

/** Whole milliseconds, as poll(2) takes them. */
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
