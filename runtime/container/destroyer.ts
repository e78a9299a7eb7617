/** Removes a container's cgroup, after logging what its egress rules refused. Egress code is loaded only if needed. */
import { type CgroupDestroyer, cgroupDestroyer } from "../cgroup/drivers/destroy.ts";
import { isHeard, tell } from "../common/phases.ts";
import type { StoredState } from "../state/container_state.ts";

/** Call it before anything is locked or changed, as cgroupDestroyer(). */
export async function destroyerOf(state: StoredState | undefined): Promise<CgroupDestroyer> {
  const destroy = await cgroupDestroyer(state?.cgroup);
  if (!state?.egress || !isHeard()) return destroy;
  const { refusalWords } = await import("../cgroup/egress/refusal_words.ts");
  return (record) => {
    refusalWords(record).forEach(tell);
    destroy(record);
  };
}
