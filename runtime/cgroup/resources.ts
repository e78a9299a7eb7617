/**
 * `linux.resources` as values for the files of a fresh cgroup: pids, memory and cpu in v1's and v2's terms, devices
 * in v1's. Pure; cgroupfs.ts does the writing, in this order.
 */
import { HostError, SpecError } from "../errors.ts";
import type { CpuResources, Int64, MemoryResources, Resources } from "../spec/spec.ts";
import { deviceWrites } from "./device_rules.ts";
import type { CgroupLayout } from "./layout.ts";

export interface ResourceWrite {
  readonly controller: string;
  /** Name below the directory that has the controller. */
  readonly file: string;
  readonly value: string;
  /** The place in config.json, such as `linux.resources.memory.limit`. */
  readonly from: string;
}

const PATH = "linux.resources";

/**
 * The writes for a fresh cgroup. 0 means "not given" except for pids, where it means unlimited, as it did before
 * spec 1.3 and does with engines that send it; -1 means unlimited everywhere.
 *
 * On v1 there are always device rules, for the spec's list starts from "nothing is allowed". On v2 they need an eBPF
 * program: see unappliedResources().
 * @throws {SpecError} for a swap limit that does not fit the memory limit, or device rules that v1 cannot express.
 * @throws {HostError} when a pure v1 host lacks the controller.
 */
export function resourceWrites(
  layout: CgroupLayout,
  resources: Resources | undefined,
): ResourceWrite[] {
  const writes: ResourceWrite[] = [];
  const add = (controller: string, rows: readonly Row[]) => {
    for (const [file, value, field] of rows) {
      writes.push({ controller, file, value, from: `${PATH}.${field}` });
    }
  };
  const v1 = (controller: string) => isV1(layout, controller);
  // cpuset first: v1 lets no process join while it is incomplete.
  add("cpuset", cpusetRows(resources?.cpu ?? {}));
  add("memory", (v1("memory") ? memoryV1 : memoryV2)(resources?.memory ?? {}));
  add("cpu", (v1("cpu") ? cpuV1 : cpuV2)(resources?.cpu ?? {}));
  add("pids", pidsRows(resources?.pids?.limit));
  for (const { controller, from } of writes) requireController(layout, controller, from);
  if (v1("devices")) writes.push(...deviceWrites(resources?.devices ?? []));
  return writes;
}

/**
 * The JSON paths of what the resources ask for and resourceWrites() does not apply, so that the caller can refuse or
 * warn. On v2 that includes every list of device rules: nothing enforces them there yet.
 */
export function unappliedResources(
  layout: CgroupLayout,
  resources: Resources | undefined,
): string[] {
  const { memory = {}, cpu = {}, blockIO, hugepageLimits, network, rdma, unified } = resources ??
    {};
  const devices = isV1(layout, "devices") ? undefined : resources?.devices;
  const asked: Record<string, unknown> = {
    "memory.kernel": memory.kernel,
    "memory.kernelTCP": memory.kernelTCP,
    // v2 has neither.
    "memory.swappiness": !isV1(layout, "memory") && swappinessOf(memory) !== undefined,
    "memory.disableOOMKiller": !isV1(layout, "memory") && memory.disableOOMKiller,
    "cpu.burst": cpu.burst,
    "cpu.realtimeRuntime": cpu.realtimeRuntime,
    "cpu.realtimePeriod": cpu.realtimePeriod,
    "cpu.idle": cpu.idle,
    blockIO,
    hugepageLimits,
    network,
    rdma,
    unified,
    devices,
  };
  const given = ([, value]: [string, unknown]) =>
    typeof value === "object" && value !== null ? Object.keys(value).length > 0 : Boolean(value);
  return Object.entries(asked).filter(given).map(([field]) => `${PATH}.${field}`);
}

/** File, value, and field below `linux.resources`. */
type Row = readonly [file: string, value: string, field: string];

function isV1(layout: CgroupLayout, controller: string): boolean {
  return layout.hierarchies.some((h) => h.version === 1 && h.controllers.includes(controller));
}

function requireController(layout: CgroupLayout, controller: string, from: string): void {
  if (layout.hierarchies.some((h) => h.version === 2) || isV1(layout, controller)) return;
  throw new HostError(
    `${from}: no cgroup hierarchy has the controller ${controller}`,
    "mount it, or remove the limit",
  );
}

function pidsRows(limit: Int64 | undefined): Row[] {
  if (limit === undefined) return [];
  return [["pids.max", limit > 0 ? `${limit}` : "max", "pids.limit"]];
}

function cpusetRows({ cpus, mems }: CpuResources): Row[] {
  const rows: Row[] = [];
  if (cpus) rows.push(["cpuset.cpus", cpus, "cpu.cpus"]);
  if (mems) rows.push(["cpuset.mems", mems, "cpu.mems"]);
  return rows;
}

/** memsw counts memory too and may never be below the limit, so on a fresh cgroup the limit comes first. */
function memoryV1(memory: MemoryResources): Row[] {
  const { limit, reservation, swap } = memory;
  checkSwap(memory);
  const rows: Row[] = [];
  if (limit) rows.push(["memory.limit_in_bytes", `${limit}`, "memory.limit"]);
  if (swap) rows.push(["memory.memsw.limit_in_bytes", `${swap}`, "memory.swap"]);
  if (reservation) {
    rows.push(["memory.soft_limit_in_bytes", `${reservation}`, "memory.reservation"]);
  }
  const swappiness = swappinessOf(memory);
  // 0 is a real value: do not swap.
  if (swappiness !== undefined) {
    rows.push(["memory.swappiness", `${swappiness}`, "memory.swappiness"]);
  }
  if (memory.disableOOMKiller) rows.push(["memory.oom_control", "1", "memory.disableOOMKiller"]);
  return rows;
}

/** podman writes -1, as an unsigned number, for "not given". */
const NO_SWAPPINESS = 2n ** 64n - 1n;

function swappinessOf({ swappiness }: MemoryResources): Int64 | undefined {
  return swappiness === undefined || BigInt(swappiness) === NO_SWAPPINESS ? undefined : swappiness;
}

/** v2 counts swap by itself, where the spec's `swap` is v1's memory and swap together. */
function memoryV2(memory: MemoryResources): Row[] {
  const { limit, reservation, swap } = memory;
  checkSwap(memory);
  const rows: Row[] = [];
  if (limit) rows.push(["memory.max", orMax(limit), "memory.limit"]);
  if (swap) {
    const only = swap === -1 ? "max" : `${BigInt(swap) - BigInt(limit ?? 0)}`;
    rows.push(["memory.swap.max", only, "memory.swap"]);
  }
  if (reservation) rows.push(["memory.low", orMax(reservation), "memory.reservation"]);
  return rows;
}

function checkSwap({ limit, swap }: MemoryResources): void {
  if (!swap || swap === -1) return;
  const problem = !limit || limit < 0
    ? "needs linux.resources.memory.limit, for it counts memory and swap together"
    : swap < limit
    ? `${swap} is below linux.resources.memory.limit, ${limit}, which it includes`
    : undefined;
  if (problem) throw new SpecError(`${PATH}.memory.swap`, problem);
}

function cpuV1({ shares, quota, period }: CpuResources): Row[] {
  const rows: Row[] = [];
  if (shares) rows.push(["cpu.shares", `${shares}`, "cpu.shares"]);
  if (period) rows.push(["cpu.cfs_period_us", `${period}`, "cpu.period"]);
  if (quota) rows.push(["cpu.cfs_quota_us", `${quota}`, "cpu.quota"]);
  return rows;
}

function cpuV2({ shares, quota, period }: CpuResources): Row[] {
  const rows: Row[] = [];
  if (shares) rows.push(["cpu.weight", `${sharesToWeight(Number(shares))}`, "cpu.shares"]);
  if (quota || period) {
    // The kernel's default period is 100 ms.
    const value = `${orMax(quota || -1)} ${period || 100000}`;
    rows.push(["cpu.max", value, quota ? "cpu.quota" : "cpu.period"]);
  }
  return rows;
}

/**
 * v1's shares (2 to 262144) as v2's weight (1 to 10000), by the curve that runc 1.3.2 and crun 1.23 took up: it keeps
 * both ends and takes the default of 1024 to the default of 100, where the older line made it 39.
 */
function sharesToWeight(shares: number): number {
  if (shares <= 2) return 1;
  if (shares >= 262144) return 10000;
  const l = Math.log2(shares);
  return Math.ceil(10 ** ((l * l + 125 * l) / 612 - 7 / 34));
}

function orMax(value: Int64): string {
  return value < 0 ? "max" : `${value}`;
}
