/** What a container's egress rules have refused, as lines for `--debug`. */
import type { CgroupRecord } from "../path.ts";
import { readRefusals } from "./egress_filter.ts";

/** Never throws: what is told is about a container that is on its way out. */
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
