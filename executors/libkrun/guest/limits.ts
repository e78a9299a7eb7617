/**
 * The limits of a container for its processes in the guest: the guest's kernel enforces them, and programs read them in
 * their cgroup. The cgroup on the host limits the VMM in any case. Pure.
 */
import type { GuestLimits } from "../../../ffi/agent.ts";
import type { Op } from "../../../runtime/plan/op.ts";
import type { Int64, Resources } from "../../../runtime/spec/spec.ts";

const NONE = -1n;
const AS_BEFORE = 0n;

/**
 * The limits that are sent to the guest; undefined when there are none.
 * @param outside bytes of the memory limit that are not for the guest's processes; undefined when its memory is fixed.
 */
export function guestLimits(
  { memory = {}, cpu = {} }: Resources,
  outside: number | undefined,
): GuestLimits | undefined {
  const limits = {
    memory: outside === undefined ? AS_BEFORE : guestMemory(memory.limit, outside),
    quota: limitOf(cpu.quota),
    period: limitOf(cpu.period),
  };
  return Object.values(limits).some((limit) => limit !== AS_BEFORE) ? limits : undefined;
}

/** @returns the bytes of a limit that are for the guest's processes, at least a page. */
export function guestMemory(limit: Int64 | undefined, outside: number): bigint {
  const bytes = limitOf(limit);
  if (bytes <= 0n) return bytes;
  const left = bytes - BigInt(outside);
  return left > PAGE ? left : PAGE;
}

const PAGE = 4096n;

/** Zero means "not given", a negative value no limit (runtime spec, "CPU" and "Memory"). */
function limitOf(value: Int64 | undefined): bigint {
  const number = BigInt(value ?? 0);
  return number < 0n ? NONE : number;
}

/** The limits at the guest's start; without an operation it has no limits. */
export function guestLimitOps(resources: Resources, outside: number | undefined): readonly Op[] {
  const limits = guestLimits(resources, outside);
  if (!limits) return [];
  const { memory, quota, period } = limits;
  const limited = (limit: bigint) => limit > 0n ? limit : 0n;
  const op: Op = {
    op: "guestLimits",
    memory: limited(memory),
    quota: limited(quota),
    period: limited(period),
    from: "linux.resources",
  };
  return op.memory || op.quota || op.period ? [op] : [];
}
