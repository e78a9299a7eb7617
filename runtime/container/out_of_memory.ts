/** Explains the death of stages by the OOM killer: names the limit. */
import { oomKills } from "../cgroup/stats/oom_kills.ts";
import type { CgroupRecord } from "../cgroup/path.ts";
import { HostError } from "../common/errors.ts";
import type { Spec } from "../spec/spec.ts";
import { StagesDied } from "../stages/conversation.ts";

/**
 * @param before the value of oomKills() before the stages were started.
 * @returns `error` itself if it has another cause.
 */
export function explainDeath(
  error: unknown,
  record: CgroupRecord | null | undefined,
  spec: Spec,
  before = 0n,
): unknown {
  if (!(error instanceof StagesDied) || !record || oomKills(record) <= before) return error;
  const [field, limit] = memoryLimit(spec);
  const what = limit === undefined
    ? "the cgroup has no limit of its own, but one above it is full"
    : `${limit} bytes are too few to create the process`;
  return new HostError(
    `${field}: ${what}: the kernel killed it when memory ran out`,
    "allow more memory",
    { cause: error },
  );
}

function memoryLimit({ linux }: Spec): [field: string, limit: unknown] {
  const { memory, unified } = linux?.resources ?? {};
  const max = unified?.["memory.max"];
  return max === undefined
    ? ["linux.resources.memory.limit", memory?.limit]
    : ['linux.resources.unified["memory.max"]', max];
}
