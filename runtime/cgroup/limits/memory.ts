/**
 * `linux.resources.memory` as writes. 0 means "not given", -1 unlimited. Pure. Kernel memory is not limited: Linux has
 * removed that limit, and runc ignores it too.
 */
import { HostError, SpecError } from "../../common/errors.ts";
import type { Int64, MemoryResources } from "../../spec/spec.ts";
import { notInV2, type Present, RESOURCES_PATH, type Row, type Target } from "../resource_write.ts";

const PATH = `${RESOURCES_PATH}.memory`;

/**
 * @throws {SpecError} for a swap limit that does not fit the memory limit.
 * @throws {HostError} for limits that v2 does not have.
 */
export function memoryRows(memory: MemoryResources, { version, present }: Target): Row[] {
  // Linux 5.11 removed cgroups without hierarchy, and v2 never had them; true is the present behaviour.
  if (memory.useHierarchy === false) {
    throw new HostError(
      `${PATH}.useHierarchy: cgroups without it (v1's memory.use_hierarchy) are not supported since Linux 5.11`,
      "leave it out",
    );
  }
  return version === 1 ? memoryV1(memory, present) : memoryV2(memory, present);
}

/** memsw includes memory and may never be below its limit, so on a new cgroup the memory limit comes first. */
function memoryV1(memory: MemoryResources, present?: Present): Row[] {
  const { limit, reservation, swap, disableOOMKiller } = memory;
  // For an existing cgroup the kernel knows the limit.
  if (!present || limit) checkSwap(memory.limit, swap);
  const rows: Row[] = [];
  if (limit) rows.push(["memory.limit_in_bytes", `${limit}`, "memory.limit", { coupled: true }]);
  if (swap) rows.push(["memory.memsw.limit_in_bytes", `${swap}`, "memory.swap", { coupled: true }]);
  else if (present && limit === -1) {
    // Without a memory limit, the limit of memory and swap together is removed too.
    const more = { coupled: true, optional: true } as const;
    rows.push(["memory.memsw.limit_in_bytes", "-1", "memory.limit", more]);
  }
  if (reservation) {
    rows.push(["memory.soft_limit_in_bytes", `${reservation}`, "memory.reservation"]);
  }
  const swappiness = swappinessOf(memory);
  // 0 is a valid value: do not swap.
  if (swappiness !== undefined) {
    rows.push(["memory.swappiness", `${swappiness}`, "memory.swappiness"]);
  }
  if (disableOOMKiller || present && disableOOMKiller === false) {
    rows.push(["memory.oom_control", disableOOMKiller ? "1" : "0", "memory.disableOOMKiller"]);
  }
  return rows;
}

/** podman writes -1, as an unsigned number, for "not given". */
const NO_SWAPPINESS = 2n ** 64n - 1n;

function swappinessOf({ swappiness }: MemoryResources): Int64 | undefined {
  return swappiness === undefined || BigInt(swappiness) === NO_SWAPPINESS ? undefined : swappiness;
}

/** Swap comes first: if it grows, memory above the new limit can be swapped out. */
function memoryV2(memory: MemoryResources, present?: Present): Row[] {
  const { limit, reservation } = memory;
  if (swappinessOf(memory) !== undefined) throw notInV2("memory.swappiness", "memory.swappiness");
  if (memory.disableOOMKiller) throw notInV2("memory.disableOOMKiller", "memory.oom_control");
  const rows: Row[] = swapV2(memory, present);
  if (limit) rows.push(["memory.max", orMax(limit), "memory.limit"]);
  if (reservation) rows.push(["memory.low", orMax(reservation), "memory.reservation"]);
  return rows;
}

/**
 * v2 counts swap separately, while the spec's `swap` is v1's sum of memory and swap: that sum is kept when only the memory
 * limit changes. A kernel without swap accounting has no file; "no limit" and "no swap" are true there too.
 */
function swapV2({ limit, swap }: MemoryResources, present?: Present): Row[] {
  const row = (value: string, field: string): Row => [
    "memory.swap.max",
    value,
    field,
    value === "max" || value === "0" ? { optional: true } : {},
  ];
  if (swap && swap < 0) return [row("max", "memory.swap")];
  if (swap) {
    const memory = limit || presentLimit(present, "memory.max");
    checkSwap(memory, swap);
    return [row(`${BigInt(swap) - BigInt(memory!)}`, "memory.swap")];
  }
  if (!limit || !present) return [];
  if (limit < 0) return [row("max", "memory.limit")];
  const [oldLimit, oldSwap] = ["memory.max", "memory.swap.max"]
    .map((file) => presentLimit(present, file));
  if (oldLimit === undefined || oldSwap === undefined) return [];
  const sum = oldLimit + oldSwap;
  if (sum < limit) {
    throw new SpecError(
      `${PATH}.limit`,
      `${limit} is above the container's limit of memory and swap together, ${sum}: give ` +
        `${PATH}.swap too`,
    );
  }
  return [row(`${sum - BigInt(limit)}`, "memory.limit")];
}

/** The cgroup's present limit; undefined for none. */
function presentLimit(present: Present | undefined, file: string): bigint | undefined {
  const text = present?.("memory", file)?.trim();
  return text === undefined || text === "max" ? undefined : BigInt(text);
}

function checkSwap(limit: Int64 | undefined, swap: Int64 | undefined): void {
  if (!swap || swap === -1) return;
  const problem = !limit || limit < 0
    ? `needs ${PATH}.limit, because it counts memory and swap together`
    : swap < limit
    ? `${swap} is below ${PATH}.limit, ${limit}, which it includes`
    : undefined;
  if (problem) throw new SpecError(`${PATH}.swap`, problem);
}

function orMax(value: Int64): string {
  return value < 0 ? "max" : `${value}`;
}
