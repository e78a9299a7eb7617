/**
 * The part of `update` inside a container that has an agent. A lower memory limit is applied inside first, and on the host
 * when enough memory is given back: else the host's kernel would kill the whole container for what its inside still holds.
 */
import { loadAgent } from "../../executors/registry.ts";
import type { Agent, AgentContainer } from "../../executors/interface/agent.ts";
import { directoryFor } from "../cgroup/apply.ts";
import { readIfThere } from "../cgroup/files.ts";
import type { CgroupRecord } from "../cgroup/path.ts";
import { HostError } from "../common/errors.ts";
import { undoAll } from "../common/undo.ts";
import type { Resources } from "../spec/spec.ts";
import type { Status } from "../state/container_state.ts";

/** Milliseconds that the inside gets to give memory back; its kernel waits two seconds before it does. */
const PATIENCE = 30_000;
const LOOK = 200;

/** Bytes; from here on there is no limit: v1 shows that as 2^63 - 1, rounded down to pages. */
const NO_LIMIT = 1n << 62n;

/** Bytes; the largest page size of all architectures. */
const LARGEST_PAGE = 1n << 16n;

/** Sends the host's limits to the inside; the host keeps them even if this throws because the inside refuses them. */
export type TellInside = () => void;

/**
 * Changes the limits by `change` on the host; a lower memory limit first inside. Both change, or neither.
 * @param patience milliseconds that the inside gets to give memory back.
 * @returns what remains to be sent inside when nothing can fail on the host any more: CPU time, and a higher memory limit.
 * @throws {HostError} when the inside does not answer, or does not give back the memory that it holds.
 */
export async function updateInside(
  container: AgentContainer,
  cgroup: CgroupRecord,
  resources: Resources,
  status: Status,
  change: () => void,
  patience = PATIENCE,
): Promise<TellInside | void> {
  const { id, memoryOutside, agentLimits } = container.state;
  const limit = memoryOutside === undefined ? 0n : BigInt(resources.memory?.limit ?? 0);
  const before = limit === 0n ? undefined : memoryLimit(cgroup);
  if (status !== "running") {
    if (limit === 0n || isSame(limit, before)) return change();
    throw new HostError(
      `the memory limit of container ${id} cannot be changed while it is ${status}, because its guest does not answer then`,
      status === "paused"
        ? `resume it first: kago resume ${id}`
        : `start it first: kago start ${id}`,
    );
  }
  if (!agentLimits) return change();
  const agent = await loadAgent(container.state);
  if (limit > 0n && before !== undefined && limit < before) {
    const giveBack = () => untilGivenBack(id, cgroup, limit, patience);
    await lower(agent, container, { limit, before }, giveBack, change);
  } else change();
  return () => void agent.limit(container, resources);
}

async function lower(
  agent: Agent,
  container: AgentContainer,
  { limit, before }: { readonly limit: bigint; readonly before: bigint },
  giveBack: () => Promise<void>,
  change: () => void,
): Promise<void> {
  const set = (limit: bigint) => agent.limit(container, { memory: { limit } });
  try {
    // A guest that has exited holds no memory.
    if (set(limit)) await giveBack();
    change();
  } catch (error) {
    throw undoAll([() => void set(before >= NO_LIMIT ? -1n : before)], error);
  }
}

async function untilGivenBack(
  id: string,
  cgroup: CgroupRecord,
  limit: bigint,
  patience: number,
): Promise<void> {
  const end = performance.now() + patience;
  for (;;) {
    const held = heldMemory(cgroup);
    if (held === undefined || held <= limit) return;
    if (performance.now() > end) {
      throw new HostError(
        `linux.resources.memory.limit: the guest of container ${id} still holds ${held} bytes of ${limit} after ` +
          `${patience / 1000} s`,
        "set a higher limit, or try again later",
      );
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK));
  }
}

/** The cgroup's limit in bytes; undefined without one. */
function memoryLimit(cgroup: CgroupRecord): bigint | undefined {
  const text = readMemory(cgroup, "memory.max") ?? readMemory(cgroup, "memory.limit_in_bytes");
  if (text === undefined) return undefined;
  return text === "max" ? NO_LIMIT : BigInt(text);
}

/** Is the limit equal to the present one, which the kernel has rounded down to pages? */
function isSame(limit: bigint, present: bigint | undefined): boolean {
  if (present === undefined) return false;
  if (limit < 0n || present >= NO_LIMIT) return limit < 0n && present >= NO_LIMIT;
  return limit >= present && limit - present < LARGEST_PAGE;
}

/** Bytes that the kernel cannot reclaim by itself: all except the page cache. */
function heldMemory(cgroup: CgroupRecord): bigint | undefined {
  const all = readMemory(cgroup, "memory.current") ?? readMemory(cgroup, "memory.usage_in_bytes");
  if (all === undefined) return undefined;
  const stat = readMemory(cgroup, "memory.stat") ?? "";
  const files = [...stat.matchAll(/^(?:in)?active_file (\d+)$/gm)];
  return files.reduce((left, [, bytes]) => left - BigInt(bytes!), BigInt(all));
}

function readMemory(cgroup: CgroupRecord, file: string): string | undefined {
  const { path } = directoryFor(cgroup, { controller: "memory", from: "linux.resources.memory" });
  return readIfThere(`${path}/${file}`)?.trim();
}
