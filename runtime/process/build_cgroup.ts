/** The cgroup part of a build: where the container's cgroup will be, what it limits, how the first process joins. */
import { cgroupJoin } from "../cgroup/cgroupfs.ts";
import { type CgroupLayout, readCgroupLayout } from "../cgroup/layout.ts";
import { cgroupPaths, type CgroupRecord } from "../cgroup/path.ts";
import { type ResourceWrite, resourceWrites, unappliedResources } from "../cgroup/resources.ts";
import type { CgroupFacts } from "../plan/compile_input.ts";
import type { Spec } from "../spec/spec.ts";

export interface CgroupBuild {
  readonly record: CgroupRecord;
  readonly writes: readonly ResourceWrite[];
  /** The v2 folder in which the first process is cloned. */
  readonly cloneInto?: string;
}

export interface CgroupParts {
  readonly facts?: CgroupFacts;
  readonly build?: CgroupBuild;
  readonly warnings: readonly string[];
}

/**
 * @param asked the bundle's own spec, for what it asks of a cgroup and does not get.
 * @param spec as the executor prepared it.
 * @throws {SpecError | HostError} for a path or limits that this host cannot carry out.
 */
export function buildCgroup(
  { id, cgroupManager }: { readonly id: string; readonly cgroupManager?: string },
  asked: Spec,
  spec: Spec,
): CgroupParts {
  if (cgroupManager === "disabled") return { warnings: [] };
  const layout = readCgroupLayout();
  const record = cgroupPaths(layout, spec.linux?.cgroupsPath, id);
  const writes = resourceWrites(layout, spec.linux?.resources);
  const join = cgroupJoin(record);
  return {
    facts: {
      version: layout.mode === "v2" ? 2 : 1,
      hierarchies: visibleHierarchies(layout, record),
      joinOps: join.writes,
    },
    build: { record, writes, ...(join.cloneInto ? { cloneInto: join.cloneInto } : {}) },
    warnings: unappliedResources(layout, asked.linux?.resources)
      .map((place) => `${place} is not applied: kago does not support it on this host`),
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
