/** The refusals of a container's egress rules, as lines for `--debug`. */
import type { CgroupRecord } from "../path.ts";
import { readRefusals } from "./egress_filter.ts";

/** Never throws: the container is being removed. */
export function refusalWords(record: CgroupRecord): string[] {
  try {
    const refusals = readRefusals(record);
    if (!refusals) return ["egress: the counts of refusals were removed with the cgroup"];
    if (refusals.length === 0) return ["egress: nothing was refused"];
    return refusals.map(({ what, count }) =>
      `egress: refused ${what} ${count === 1 ? "once" : `${count} times`}`
    );
  } catch (error) {
    return [
      `egress: the counts of refusals cannot be read: ${
        error instanceof Error ? error.message : error
      }`,
    ];
  }
}
