/**
 * The size of a microVM whose bundle does not set one, from the limits of its cgroup: a guest that sees more than it may
 * use is throttled or killed. Pure.
 */
import type { CpuResources, Int64, Resources } from "../../../runtime/spec/spec.ts";
import { numbersIn, parseRanges } from "../../../runtime/common/ranges.ts";

/** The kernel's default for cpu.cfs_period_us, in microseconds. */
const DEFAULT_PERIOD = 100_000;

/** Default MiB of RAM of a microVM. */
export const WITHOUT_LIMIT_RAM_MIB = 1024;

/**
 * Memory of the VMM process besides the guest's RAM, all charged to the same cgroup: the guest kernel's image and libkrun's
 * threads and queues, some 30 MiB with one to four vCPUs. The rest is for more vCPUs, sockets, and the page cache of files
 * that the guest reads through the VMM.
 */
export const VMM_RAM_MIB = 96;

const MIB = 1024n * 1024n;

/** Maximum bytes of memory of a microVM, charged to its container. */
export function vmMemory(ramMib: number): number {
  return (ramMib + VMM_RAM_MIB) * Number(MIB);
}

/** Memory of a guest's kernel, excluding the page structures of its memory. */
const KERNEL_MIB = 32;

/** A page structure has 64 bytes for a page of 4096. */
const PAGES_TABLE = 64;

/** Minimum for a guest's processes. */
const PROCESS_MIB = 32;

/**
 * For a guest whose processes get the rest of the memory limit: the bytes of the limit that they do not get, and the
 * minimum limit.
 */
export function elasticMemory(
  ramMib: number,
): { readonly outside: number; readonly least: number } {
  const outside = VMM_RAM_MIB + KERNEL_MIB + Math.ceil(ramMib / PAGES_TABLE);
  return { outside: outside * Number(MIB), least: (outside + PROCESS_MIB) * Number(MIB) };
}

/**
 * The number of vCPUs that the quota allows, rounded up, limited by the cpuset and by `most`. Undefined without a limit.
 */
export function cpusWithin({ cpu = {} }: Resources, most: number): number | undefined {
  const limits = [quotaCpus(cpu), cpusetCpus(cpu)].filter((limit) => limit !== undefined);
  if (limits.length === 0) return undefined;
  return Math.min(most, ...limits);
}

/** Zero and less mean no quota (runtime spec, "CPU"). */
function quotaCpus({ quota = 0, period = 0 }: CpuResources): number | undefined {
  if (quota <= 0) return undefined;
  return Math.ceil(Number(quota) / (Number(period) || DEFAULT_PERIOD));
}

const MOST_HOST_CPUS = 9999;

/** Undefined also for an invalid list: the cgroup controller refuses it with the reason. */
function cpusetCpus({ cpus = "" }: CpuResources): number | undefined {
  const ranges = parseRanges(cpus);
  if (!ranges || ranges.some(([, last]) => last > MOST_HOST_CPUS)) return undefined;
  return new Set(numbersIn(ranges)).size || undefined;
}

/**
 * MiB of RAM: the memory limit minus the VMM's own memory, at least `least`. A limit above `most` counts as none: some
 * engines write the largest integer for "unlimited". Undefined without a limit.
 */
export function ramMibWithin(
  { memory = {} }: Resources,
  least: number,
  most: number,
): number | undefined {
  const limit: Int64 = memory.limit ?? 0;
  const limitMib = BigInt(limit) / MIB;
  if (limit <= 0 || limitMib > most) return undefined;
  return Math.max(least, Number(limitMib) - VMM_RAM_MIB);
}
