/** `linux.resources.network` as writes: the controllers net_cls and net_prio, which v2 does not have. Pure. */
import type { NetworkResources } from "../../spec/spec.ts";
import { notInV2, type Row, type Target } from "../resource_write.ts";

/** @throws {HostError} on v2. */
export function netClsRows({ classID }: NetworkResources, { version }: Target): Row[] {
  if (!classID) return [];
  if (version === 2) throw notInV2("network.classID", "net_cls.classid");
  return [["net_cls.classid", `${classID}`, "network.classID"]];
}

/** @throws {HostError} on v2. */
export function netPrioRows({ priorities = [] }: NetworkResources, { version }: Target): Row[] {
  if (priorities.length === 0) return [];
  if (version === 2) throw notInV2("network.priorities", "net_prio.ifpriomap");
  return priorities.map(({ name, priority }, index) => [
    "net_prio.ifpriomap",
    `${name} ${priority}`,
    `network.priorities[${index}]`,
  ]);
}
