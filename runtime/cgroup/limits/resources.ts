/**
 * `linux.resources` as writes to the files of a cgroup, in their order. Pure. Defines the order of the families and where
 * each controller is. The families are in the files beside it, v1's device rules in device_rules.ts, v2's in
 * device_program.ts; apply.ts writes.
 */
import { HostError } from "../../common/errors.ts";
import { formatPath } from "../../spec/json_path.ts";
import type { Resources } from "../../spec/spec.ts";
import { deviceWrites } from "../devices/device_rules.ts";
import type { Hierarchy } from "../layout.ts";
import { type Present, RESOURCES_PATH, type ResourceWrite, type Row } from "../resource_write.ts";
import { blockIoRows } from "./block_io.ts";
import { cpuRows, cpusetRows } from "./cpu.ts";
import { hugetlbRows } from "./hugetlb.ts";
import { memoryRows } from "./memory.ts";
import { netClsRows, netPrioRows } from "./network.ts";
import { pidsRows } from "./pids.ts";
import { rdmaRows } from "./rdma.ts";
import { unifiedWrites } from "./unified.ts";
import { given } from "../../common/given.ts";

export type { ResourceWrite };

/** The controllers of a host or of a container's own directories. */
export interface Controllers {
  readonly hierarchies: readonly Pick<Hierarchy, "version" | "controllers">[];
}

/**
 * The writes for a new cgroup: its limits, and on v1 its device rules, which always exist, because the spec's list starts
 * from "nothing is allowed".
 * @throws {SpecError} for limits that contradict each other, or device rules that v1 cannot express.
 * @throws {HostError} for limits that this host's cgroups do not have.
 */
export function resourceWrites(
  controllers: Controllers,
  resources: Resources = {},
): ResourceWrite[] {
  const writes = limitWrites(controllers, resources);
  if (isV1(controllers, "devices")) writes.push(...deviceWrites(resources.devices ?? []));
  return writes;
}

/**
 * The writes for the limits, without devices. 0 means "not given" for nearly all of them, as before there were optional
 * fields; -1 means unlimited.
 * @param present reads the values of an existing cgroup.
 * @throws as resourceWrites().
 */
export function limitWrites(
  controllers: Controllers,
  resources: Resources,
  present?: Present,
): ResourceWrite[] {
  const { memory, cpu, pids, blockIO, hugepageLimits, network, rdma, unified } = resources;
  const writes: ResourceWrite[] = [];
  const target = (controller: string) => ({
    version: isV1(controllers, controller) ? 1 as const : 2 as const,
    ...given({ present }),
  });
  const add = (controller: string, rows: readonly Row[]) => {
    for (const [file, value, field, more] of rows) {
      const from = `${RESOURCES_PATH}.${field}`;
      requireController(controllers, controller, from);
      writes.push({ controller, file, value, from, ...more });
    }
  };
  // cpuset first: on v1 no process can join while it is incomplete.
  if (cpu) add("cpuset", cpusetRows(cpu));
  if (cpu) add("cpu", cpuRows(cpu, target("cpu")));
  if (pids) add("pids", pidsRows(pids));
  if (blockIO) {
    const block = target("blkio");
    add(block.version === 1 ? "blkio" : "io", blockIoRows(blockIO, block));
  }
  if (hugepageLimits) add("hugetlb", hugetlbRows(hugepageLimits, target("hugetlb")));
  if (network) add("net_cls", netClsRows(network, target("net_cls")));
  if (network) add("net_prio", netPrioRows(network, target("net_prio")));
  if (rdma) add("rdma", rdmaRows(rdma));
  // Nearly last: a new limit may kill processes, so writes that can fail come first.
  if (memory) add("memory", memoryRows(memory, target("memory")));
  if (unified) writes.push(...unifiedOf(controllers, unified));
  return writes;
}

/** Is the controller bound to a v1 hierarchy? Otherwise it can only be in v2. */
export function isV1({ hierarchies }: Controllers, controller: string): boolean {
  return hierarchies.some((h) => h.version === 1 && h.controllers.includes(controller));
}

function requireController(controllers: Controllers, controller: string, from: string): void {
  if (isV1(controllers, controller)) return;
  if (controllers.hierarchies.some((h) => h.version === 2)) return;
  throw new HostError(
    `${from}: no cgroup hierarchy has the controller ${controller}`,
    "mount it, or remove the limit",
  );
}

/** If any controller is in v1, the others have no v2 files, so they are left out, as in runc. */
function unifiedOf(
  { hierarchies }: Controllers,
  unified: NonNullable<Resources["unified"]>,
): ResourceWrite[] {
  const [first] = Object.keys(unified);
  const v1 = hierarchies.some((h) => h.controllers.some((name) => !name.startsWith("name=")));
  if (first !== undefined && v1) {
    throw new HostError(
      `${RESOURCES_PATH}.${formatPath(["unified", first])}: this host has its controllers in ` +
        "cgroup v1, and unified names files of v2",
      "use the fields of linux.resources, or boot with systemd.unified_cgroup_hierarchy=1",
    );
  }
  return unifiedWrites(unified);
}
