/** `linux.resources.pids` as writes, alike for v1 and v2. Pure. */
import type { PidsResources } from "../../spec/spec.ts";
import type { Row } from "../resource_write.ts";

/** 0 and less are unlimited: 0 was so before spec 1.3, and is with engines that send it. */
export function pidsRows({ limit }: PidsResources): Row[] {
  return [["pids.max", limit > 0 ? `${limit}` : "max", "pids.limit"]];
}
