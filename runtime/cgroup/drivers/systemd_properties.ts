/**
 * Properties of a container's unit (org.freedesktop.systemd1(5), systemd.resource-control(5)), as data for D-Bus. Pure.
 * systemd keeps its own idea of a unit's limits and writes it again whenever it sees fit (`daemon-reload`), so it has to
 * know those that it has a property for; cgroup files that it knows nothing of it leaves alone.
 */
import type { SystemdRecord } from "../path.ts";
import type { ValueWrite } from "../resource_write.ts";
import { deviceProperties } from "./systemd_devices.ts";
import type { UnitProperty } from "./unit_property.ts";
import { numbersIn, parseRanges } from "../../common/ranges.ts";

/** What a container's scope is, apart from its limits. */
export function scopeProperties(
  { slice }: SystemdRecord,
  id: string,
  pid: number,
): UnitProperty[] {
  return [
    ["Description", ["s", `kago container ${id}`]],
    ["Slice", ["s", slice]],
    // The container's processes may make cgroups below, and so may kago.
    ["Delegate", ["b", true]],
    ["PIDs", ["au", [pid]]],
    ["MemoryAccounting", ["b", true]],
    ["CPUAccounting", ["b", true]],
    ["IOAccounting", ["b", true]],
    ["TasksAccounting", ["b", true]],
    // Without these it would be stopped at the start of a shutdown, together with what would stop it in good order.
    ["DefaultDependencies", ["b", false]],
    // Also after a failure (out of memory) nothing of the unit stays once its processes are gone.
    ["CollectMode", ["s", "inactive-or-failed"]],
  ];
}

/** The limits that systemd has properties for, out of the writes to the cgroup's files. */
export function resourceProperties(writes: readonly ValueWrite[]): UnitProperty[] {
  const properties: UnitProperty[] = [];
  for (const { file, value } of writes) properties.push(...(PROPERTIES[file]?.(value) ?? []));
  return [...properties, ...cpuV1Properties(writes), ...deviceProperties(writes)];
}

type Convert = (value: string) => readonly UnitProperty[];

/** USEC_INFINITY, CGROUP_LIMIT_MAX. */
const INFINITY = 2n ** 64n - 1n;

/** `max`, and v1's -1, as systemd has it. */
function limit(value: string): bigint {
  return value === "max" || value.startsWith("-") ? INFINITY : BigInt(value);
}

function amount(name: string): Convert {
  return (value) => [[name, ["t", limit(value)]]];
}

function list(name: string): Convert {
  return (value) => [[name, ["ay", bitmask(value)]]];
}

/** By the cgroup's file: v2's, then v1's. */
const PROPERTIES: Readonly<Record<string, Convert>> = {
  "memory.min": amount("MemoryMin"),
  "memory.low": amount("MemoryLow"),
  "memory.high": amount("MemoryHigh"),
  "memory.max": amount("MemoryMax"),
  "memory.swap.max": amount("MemorySwapMax"),
  "pids.max": amount("TasksMax"),
  "cpu.weight": amount("CPUWeight"),
  "cpu.max": (value) => {
    const [quota, period] = value.split(" ");
    return quotaProperties(limit(quota!), period === undefined ? undefined : BigInt(period));
  },
  "cpuset.cpus": list("AllowedCPUs"),
  "cpuset.mems": list("AllowedMemoryNodes"),
  "io.weight": weightProperties,
  "io.bfq.weight": (value) => weightProperties(`${fromBfq(Number(value.replace("default ", "")))}`),
  "memory.limit_in_bytes": amount("MemoryLimit"),
  "cpu.shares": amount("CPUShares"),
  "blkio.weight": amount("BlockIOWeight"),
  "blkio.bfq.weight": amount("BlockIOWeight"),
};

/** A weight of one device (`8:0 200`) has no property that takes the numbers; the default has. */
function weightProperties(value: string): readonly UnitProperty[] {
  const weight = /^(?:default )?(\d+)$/.exec(value)?.[1];
  return weight === undefined ? [] : [["IOWeight", ["t", BigInt(weight)]]];
}

/** What systemd makes into this weight of BFQ's, which has 1000 where io.weight has 10000. */
function fromBfq(weight: number): number {
  return weight <= 100 ? weight : 100 + (weight - 100) * 11;
}

function cpuV1Properties(writes: readonly ValueWrite[]): UnitProperty[] {
  const valueOf = (name: string) => writes.find(({ file }) => file === name)?.value;
  const quota = valueOf("cpu.cfs_quota_us");
  const period = valueOf("cpu.cfs_period_us");
  if (quota === undefined && period === undefined) return [];
  return quotaProperties(
    limit(quota ?? "max"),
    period === undefined ? undefined : BigInt(period),
  );
}

const DEFAULT_PERIOD = 100_000n;

/** Microseconds of CPU in a second, which systemd rounds down to whole hundredths: rounded up, so that no child gets less. */
function quotaProperties(quota: bigint, period: bigint | undefined): UnitProperty[] {
  const properties: UnitProperty[] = [];
  if (period !== undefined) properties.push(["CPUQuotaPeriodUSec", ["t", period]]);
  const hundredth = 10_000n;
  const share = quota === INFINITY
    ? INFINITY
    : (quota * 1_000_000n / (period ?? DEFAULT_PERIOD) + hundredth - 1n) / hundredth * hundredth;
  return [...properties, ["CPUQuotaPerSecUSec", ["t", share]]];
}

/** `0-2,8` as bits, the lowest first: bytes 0b111, 0b1. */
function bitmask(ranges: string): number[] {
  const bytes: number[] = [];
  for (const bit of numbersIn(parseRanges(ranges) ?? [])) {
    while (bytes.length <= bit >> 3) bytes.push(0);
    bytes[bit >> 3]! |= 1 << (bit & 7);
  }
  return bytes;
}
