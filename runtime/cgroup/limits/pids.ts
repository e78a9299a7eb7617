/** `linux.resources.pids` as writes, the same for v1 and v2. Pure. */
import type { PidsResources } from "../../spec/spec.ts";
import type { Row } from "../resource_write.ts";

/** Negative is unlimited. 0 is a limit since spec 1.3, and becomes 1, as in runc: with 0 no process could join. */
export function pidsRows({ limit }: PidsResources): Row[] {
  if (limit === undefined) return [];
  return [["pids.max", limit < 0 ? "max" : limit > 0 ? `${limit}` : "1", "pids.limit"]];
}
