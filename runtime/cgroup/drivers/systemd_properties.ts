/**
 * Properties of a container's unit (org.freedesktop.systemd1(5), systemd.resource-control(5)), as data for D-Bus. Pure.
 * systemd stores a unit's limits and may write them again at any time (`daemon-reload`), so it must have those for which it
 * has a property. It does not touch other cgroup files.
 */
import type { SystemdRecord } from "../path.ts";
import type { ValueWrite } from "../resource_write.ts";
import { deviceProperties } from "./systemd_devices.ts";
import type { UnitProperty } from "./unit_property.ts";
import { numbersIn, parseRanges } from "../../common/ranges.ts";

/** The properties of a container's scope, without its limits. */
export function scopeProperties(
  { slice }: SystemdRecord,
  id: string,
  pid: number,
): UnitProperty[] {
  return [
    ["Description", ["s", `kago container ${id}`]],
    ["Slice", ["s", slice]],
    // The container's processes and kago may create cgroups below it.
    ["Delegate", ["b", true]],
    ["PIDs", ["au", [pid]]],
    ["MemoryAccounting", ["b", true]],
    ["CPUAccounting", ["b", true]],
    ["IOAccounting", ["b", true]],
    ["TasksAccounting", ["b", true]],
    // By default it would be stopped early in a shutdown, together with the service that stops it in order.
    ["DefaultDependencies", ["b", false]],
    // The unit is unloaded once its processes are gone, even after a failure (out of memory).
    ["CollectMode", ["s", "inactive-or-failed"]],
  ];
}

/** The limits for which systemd has properties, from the writes to the cgroup's files. */
export function resourceProperties(writes: readonly ValueWrite[]): UnitProperty[] {
  const properties: UnitProperty[] = [];
  for (const { file, value } of writes) properties.push(...(PROPERTIES[file]?.(value) ?? []));
  return [...properties, ...cpuV1Properties(writes), ...deviceProperties(writes)];
}

type Convert = (value: string) => readonly UnitProperty[];

/** USEC_INFINITY, CGROUP_LIMIT_MAX. */
const INFINITY = 2n ** 64n - 1n;

/** `max`, and v1's -1, in systemd's form. */
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

/** systemd has no property for the weight of a device given by numbers (`8:0 200`); it has one for the default. */
function weightProperties(value: string): readonly UnitProperty[] {
  const weight = /^(?:default )?(\d+)$/.exec(value)?.[1];
  return weight === undefined ? [] : [["IOWeight", ["t", BigInt(weight)]]];
}

/** The weight that systemd converts to this weight of BFQ, whose maximum is 1000; io.weight has 10000. */
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

/** CPU microseconds per second, which systemd rounds down to whole hundredths: rounded up, so that no child gets less. */
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
