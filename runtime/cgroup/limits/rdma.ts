/** `linux.resources.rdma` as writes, the same for v1 and v2. Pure. */
import { formatPath } from "../../spec/json_path.ts";
import type { RdmaLimit } from "../../spec/spec.ts";
import type { Row } from "../resource_write.ts";

export function rdmaRows(devices: Readonly<Record<string, RdmaLimit>>): Row[] {
  return Object.entries(devices).flatMap(([name, { hcaHandles, hcaObjects }]): Row[] => {
    const limits = [
      ...(hcaHandles === undefined ? [] : [`hca_handle=${hcaHandles}`]),
      ...(hcaObjects === undefined ? [] : [`hca_object=${hcaObjects}`]),
    ];
    return limits.length === 0
      ? []
      : [["rdma.max", [name, ...limits].join(" "), formatPath(["rdma", name])]];
  });
}
