/** Removing a container's cgroup, and telling before what its egress rules have refused. What knows of them is loaded if wanted. */
import { type CgroupDestroyer, cgroupDestroyer } from "../cgroup/drivers/destroy.ts";
import { isHeard, tell } from "../common/phases.ts";
import type { StoredState } from "../state/container_state.ts";

/** To be had before anything is locked or changed, as cgroupDestroyer(). */
export async function destroyerOf(state: StoredState | undefined): Promise<CgroupDestroyer> {
  const destroy = await cgroupDestroyer(state?.cgroup);
  if (!state?.egress || !isHeard()) return destroy;
  const { refusalWords } = await import("../cgroup/egress/refusal_words.ts");
  return (record) => {
    refusalWords(record).forEach(tell);
    destroy(record);
  };
}
