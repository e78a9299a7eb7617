/** The cgroup part of a build: where the container's cgroup will be, what it limits, how the first process joins. */
import { cgroupJoin } from "../cgroup/cgroupfs.ts";
import { type DeviceProgram, deviceProgram } from "../cgroup/device_program.ts";
import { type CgroupLayout, readCgroupLayout } from "../cgroup/layout.ts";
import { cgroupPaths, type CgroupRecord } from "../cgroup/path.ts";
import { isV1, type ResourceWrite, resourceWrites } from "../cgroup/resources.ts";
import type { CgroupFacts } from "../plan/compile_input.ts";
import type { Spec } from "../spec/spec.ts";

export interface CgroupBuild {
  readonly record: CgroupRecord;
  readonly writes: readonly ResourceWrite[];
  /** v2's device rules. */
  readonly devices?: DeviceProgram;
  /** The v2 folder in which the first process is cloned. */
  readonly cloneInto?: string;
}

export interface CgroupParts {
  readonly facts?: CgroupFacts;
  readonly build?: CgroupBuild;
}

/**
 * @param spec as the executor prepared it.
 * @throws {SpecError | HostError} for a path or limits that this host cannot carry out.
 */
export function buildCgroup(
  { id, cgroupManager }: { readonly id: string; readonly cgroupManager?: string },
  spec: Spec,
): CgroupParts {
  if (cgroupManager === "disabled") return {};
  const layout = readCgroupLayout();
  const record = cgroupPaths(layout, spec.linux?.cgroupsPath, id);
  const resources = spec.linux?.resources;
  const writes = resourceWrites(layout, resources);
  const join = cgroupJoin(record);
  return {
    facts: {
      version: layout.mode === "v2" ? 2 : 1,
      hierarchies: visibleHierarchies(layout, record),
      joinOps: join.writes,
    },
    build: {
      record,
      writes,
      ...(isV1(layout, "devices") ? {} : { devices: deviceProgram(resources?.devices ?? []) }),
      ...(join.cloneInto ? { cloneInto: join.cloneInto } : {}),
    },
  };
}

/** What a mount of type cgroup shows: the v1 hierarchies where the controllers are there, else the unified one. */
function visibleHierarchies(
  layout: CgroupLayout,
  record: CgroupRecord,
): CgroupFacts["hierarchies"] {
  const version = layout.mode === "v2" ? 2 : 1;
  return record.directories.filter((directory) => directory.version === version)
    .map(({ mountPoint, controllers, path }) => ({
      name: mountPoint.slice(mountPoint.lastIndexOf("/") + 1),
      data: controllers.join(","),
      path,
    }));
}
