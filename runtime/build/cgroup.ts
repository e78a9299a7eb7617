/** The cgroup part of a build: the path of the container's cgroup, its limits, and how the first process joins it. */
import type { AdministratorWord } from "../administrator.ts";
import { requireDelegated } from "../cgroup/access.ts";
import { cgroupfsDriver } from "../cgroup/drivers/cgroupfs.ts";
import { type DeviceProgram, deviceProgram } from "../cgroup/devices/device_program.ts";
import type { CgroupDriver } from "../cgroup/drivers/driver.ts";
import { CgroupAccessError } from "../cgroup/errors.ts";
import { type CgroupLayout, readCgroupLayout } from "../cgroup/layout.ts";
import { cgroupPaths, type CgroupRecord } from "../cgroup/path.ts";
import { isV1, type ResourceWrite, resourceWrites } from "../cgroup/limits/resources.ts";
import type { UnitProperty } from "../cgroup/drivers/unit_property.ts";
import type { CgroupFacts } from "../plan/compile_input.ts";
import { isRootless, type RootlessOption } from "../rootless.ts";
import type { Resources, Spec } from "../spec/spec.ts";
import { given } from "../common/given.ts";

export interface CgroupBuild {
  readonly id: string;
  readonly driver: CgroupDriver;
  readonly record: CgroupRecord;
  readonly writes: readonly ResourceWrite[];
  /** v2's device rules. */
  readonly devices?: DeviceProgram;
  readonly unitProperties: readonly UnitProperty[];
  /** Applies egress rules, in a cgroup that has no process of the container yet. */
  readonly attachEgress?: (record: CgroupRecord) => void;
  /** The v2 cgroup directory in which the first process is cloned (CLONE_INTO_CGROUP). */
  readonly cloneInto?: string;
}

export interface CgroupParts {
  readonly facts?: CgroupFacts;
  readonly build?: CgroupBuild;
}

export interface CgroupRequest {
  readonly id: string;
  /** `cgroupfs` when absent. */
  readonly cgroupManager?: string;
  readonly rootless?: RootlessOption;
  /** The permissions for annotations that the command line gives. */
  readonly word?: AdministratorWord;
}

/**
 * @param spec as the executor prepared it.
 * @throws {SpecError | HostError} for a path or limits that this host does not support.
 */
export async function buildCgroup(request: CgroupRequest, spec: Spec): Promise<CgroupParts> {
  if (request.cgroupManager === "disabled") return {};
  const layout = readCgroupLayout();
  const rootless = isRootless(request.rootless);
  // Device rules need root's privileges; without those no device nodes can be made either.
  const resources = rootless ? withoutDevices(spec.linux?.resources) : spec.linux?.resources;
  try {
    const place = await placeCgroup(request, layout, spec, rootless);
    const all = resourceWrites(layout, resources);
    if (rootless) {
      return parts(request.id, layout, place, {
        writes: all.filter(({ controller }) => controller !== "devices"),
      });
    }
    return parts(request.id, layout, place, {
      writes: all,
      ...given({
        devices: isV1(layout, "devices") ? undefined : deviceProgram(resources?.devices ?? []),
      }),
    });
  } catch (error) {
    if (!rootless || !(error instanceof CgroupAccessError)) throw error;
    requireNoLimits(resources, error);
    return {};
  }
}

interface CgroupPlace {
  readonly driver: CgroupDriver;
  readonly record: CgroupRecord;
  readonly unitProperties: readonly UnitProperty[];
}

async function placeCgroup(
  { id, cgroupManager, word }: CgroupRequest,
  layout: CgroupLayout,
  { linux, annotations }: Spec,
  rootless: boolean,
): Promise<CgroupPlace> {
  if (cgroupManager !== "systemd") {
    const record = cgroupPaths(layout, linux?.cgroupsPath, id);
    if (rootless) requireDelegated(layout, record);
    return { driver: cgroupfsDriver, record, unitProperties: [] };
  }
  const { systemdDriver, systemdPlace } = await import("../cgroup/drivers/systemd.ts");
  const { annotatedProperties } = await import("../cgroup/drivers/systemd_annotations.ts");
  return {
    // This driver is only ever called with its own records.
    driver: systemdDriver as CgroupDriver,
    record: systemdPlace(layout, linux?.cgroupsPath, id, rootless),
    unitProperties: await annotatedProperties(annotations, (name) => allows(word, name)),
  };
}

/** Loaded only when used: few containers have an annotation that needs the administrator's permission. */
async function allows(word: AdministratorWord | undefined, name: string): Promise<boolean> {
  const { administratorWord, isAllowed } = await import("../administrator.ts");
  return isAllowed(await administratorWord(word), name);
}

function parts(
  id: string,
  layout: CgroupLayout,
  { driver, record, unitProperties }: CgroupPlace,
  limits: Pick<CgroupBuild, "writes" | "devices">,
): CgroupParts {
  const { writes: joinOps, cloneInto } = driver.join(record);
  return {
    facts: {
      version: layout.mode === "v2" ? 2 : 1,
      hierarchies: visibleHierarchies(layout, record),
      joinOps,
    },
    build: { id, driver, record, unitProperties, ...limits, ...given({ cloneInto }) },
  };
}

function withoutDevices(resources: Resources | undefined): Resources | undefined {
  if (!resources) return undefined;
  const { devices: _, ...rest } = resources;
  return rest;
}

/**
 * A container without limits may also run without a cgroup, as with runc and crun.
 * @throws {CgroupAccessError} naming a limit that was requested.
 */
function requireNoLimits(resources: Resources | undefined, cause: CgroupAccessError): void {
  for (const [family, value] of Object.entries(resources ?? {})) {
    const field = firstGiven(`linux.resources.${family}`, value);
    if (field === undefined) continue;
    const problem = cause.message.slice(0, -cause.remedy.length - 2);
    throw new CgroupAccessError(`${field} needs a cgroup, and ${problem}`, cause.remedy, { cause });
  }
}

/** The path of the first value that is not empty. */
function firstGiven(path: string, value: unknown): string | undefined {
  if (typeof value !== "object" || value === null) return value === undefined ? undefined : path;
  for (const [name, member] of Object.entries(value)) {
    const found = firstGiven(Array.isArray(value) ? `${path}[${name}]` : `${path}.${name}`, member);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** What a mount of type cgroup shows: the v1 hierarchies if they have the controllers, else the unified one. */
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
