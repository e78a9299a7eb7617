/** `linux.resources.cpu` as writes to cpu and cpuset. 0 means "not given", except for idle and burst. Pure. */
import type { CpuResources } from "../../spec/spec.ts";
import { notInV2, type Present, type Row, type Target } from "../resource_write.ts";

export function cpusetRows({ cpus, mems }: CpuResources): Row[] {
  const rows: Row[] = [];
  if (cpus) rows.push(["cpuset.cpus", cpus, "cpu.cpus"]);
  if (mems) rows.push(["cpuset.mems", mems, "cpu.mems"]);
  return rows;
}

/** @throws {HostError} for realtime limits on v2. */
export function cpuRows(cpu: CpuResources, { version, present }: Target): Row[] {
  const { idle, burst } = cpu;
  const rows = version === 1 ? cpuV1(cpu) : cpuV2(cpu, present);
  // The kernel refuses a burst above the quota.
  if (burst || present && burst !== undefined) {
    const file = version === 1 ? "cpu.cfs_burst_us" : "cpu.max.burst";
    rows.push([file, `${burst}`, "cpu.burst", coupled]);
  }
  // An idle cgroup accepts no shares: idle is cleared before they are written, and set after.
  if (idle) rows.push(["cpu.idle", `${idle}`, "cpu.idle"]);
  else if (present && idle !== undefined) {
    rows.unshift(["cpu.idle", "0", "cpu.idle", { optional: true }]);
  }
  return rows;
}

const coupled = { coupled: true } as const;

function cpuV1(cpu: CpuResources): Row[] {
  const { shares, quota, period, realtimePeriod, realtimeRuntime } = cpu;
  const rows: Row[] = [];
  if (shares) rows.push(["cpu.shares", `${shares}`, "cpu.shares"]);
  // The ratio must not exceed the parent's, nor the realtime runtime its period.
  if (period) rows.push(["cpu.cfs_period_us", `${period}`, "cpu.period", coupled]);
  if (quota) rows.push(["cpu.cfs_quota_us", `${quota}`, "cpu.quota", coupled]);
  if (realtimePeriod) {
    rows.push(["cpu.rt_period_us", `${realtimePeriod}`, "cpu.realtimePeriod", coupled]);
  }
  if (realtimeRuntime) {
    rows.push(["cpu.rt_runtime_us", `${realtimeRuntime}`, "cpu.realtimeRuntime", coupled]);
  }
  return rows;
}

function cpuV2(cpu: CpuResources, present?: Present): Row[] {
  const { shares, quota, period } = cpu;
  if (cpu.realtimePeriod) throw notInV2("cpu.realtimePeriod", "cpu.rt_period_us");
  if (cpu.realtimeRuntime) throw notInV2("cpu.realtimeRuntime", "cpu.rt_runtime_us");
  const rows: Row[] = [];
  if (shares) rows.push(["cpu.weight", `${sharesToWeight(Number(shares))}`, "cpu.shares"]);
  if (quota || period) {
    // One file for both: a value that is not given is kept. The kernel's default period is 100 ms.
    const [oldQuota = "max", oldPeriod = "100000"] =
      present?.("cpu", "cpu.max")?.trim().split(" ") ??
        [];
    const newQuota = quota ? quota < 0 ? "max" : `${quota}` : oldQuota;
    const field = quota ? "cpu.quota" : "cpu.period";
    rows.push(["cpu.max", `${newQuota} ${period || oldPeriod}`, field, coupled]);
  }
  return rows;
}

/**
 * v1's shares (2 to 262144) as v2's weight (1 to 10000), by the curve of runc 1.3.2 and crun 1.23: it keeps both ends and
 * converts the default of 1024 to the default of 100, where the older linear conversion gave 39.
 */
function sharesToWeight(shares: number): number {
  if (shares <= 2) return 1;
  if (shares >= 262144) return 10000;
  const l = Math.log2(shares);
  return Math.ceil(10 ** ((l * l + 125 * l) / 612 - 7 / 34));
}
