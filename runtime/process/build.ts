/**
 * The builder: from a bundle folder to everything that `create` needs to know, without any effect on the host, so
 * that `kago plan` shows exactly what `create` does.
 */
import { pickExecutor } from "../../executors/registry.ts";
import type { Executor, RootFile } from "../../executors/executor.ts";
import { cgroupJoin } from "../cgroup/cgroupfs.ts";
import { type CgroupLayout, readCgroupLayout } from "../cgroup/layout.ts";
import { cgroupPaths, type CgroupRecord } from "../cgroup/path.ts";
import { type ResourceWrite, resourceWrites, unappliedResources } from "../cgroup/resources.ts";
import { readHostFacts } from "../host_facts.ts";
import { compilePlan } from "../plan/compile.ts";
import type { CgroupFacts, HostFacts } from "../plan/compile_input.ts";
import type { Plan } from "../plan/op.ts";
import { joinPath } from "../plan/path.ts";
import { loadSpec } from "../spec/load.ts";
import type { Spec } from "../spec/spec.ts";

/** What the command line says about a new container. */
export interface BuildRequest {
  readonly id: string;
  readonly bundle: string;
  /** Relative to the bundle. */
  readonly config: string;
  readonly invokedAs: string;
  readonly handler?: string;
  readonly cgroupManager?: string;
  readonly preserveFds: number;
  readonly noPivot: boolean;
  readonly noNewKeyring: boolean;
}

/** A container that could be created now. */
export interface Build {
  readonly id: string;
  readonly bundle: string;
  readonly rootfs: string;
  /** As config.json has it. */
  readonly spec: Spec;
  readonly executor: Executor;
  readonly rootFiles: readonly RootFile[];
  readonly host: HostFacts;
  readonly cgroup?: CgroupBuild;
  readonly plan: Plan;
  readonly warnings: readonly string[];
}

export interface CgroupBuild {
  readonly record: CgroupRecord;
  readonly writes: readonly ResourceWrite[];
  /** The v2 folder in which the first process is cloned. */
  readonly cloneInto?: string;
}

/**
 * Builds a container from its bundle.
 * @throws {SpecError} for a config.json that cannot be carried out.
 * @throws {HostError} when the host has no cgroups to offer.
 */
export function buildContainer(request: BuildRequest): Build {
  const { id } = request;
  const bundle = joinPath(Deno.cwd(), request.bundle);
  const { spec, warnings } = loadSpec(bundle, request.config);
  const executor = pickExecutor(spec, request);
  const rootfs = joinPath(bundle, spec.root?.path ?? "rootfs");
  const context = { id, bundle, rootfs };
  executor.validate(spec, context);
  const prepared = executor.preExec(spec, context);
  const host = readHostFacts();
  const { facts, build: cgroup, warnings: unapplied } = buildCgroup(request, prepared.spec);
  const plan = compilePlan({
    id,
    spec: prepared.spec,
    bundle,
    rootfs,
    host,
    ...(facts ? { cgroup: facts } : {}),
    ending: prepared.ending,
    preserveFds: request.preserveFds,
    noPivot: request.noPivot,
    noNewKeyring: request.noNewKeyring,
  });
  return {
    id,
    bundle,
    rootfs,
    spec,
    executor,
    rootFiles: prepared.rootfsFiles,
    host,
    ...(cgroup ? { cgroup } : {}),
    plan,
    warnings: [...warnings, ...unapplied],
  };
}

interface CgroupParts {
  readonly facts?: CgroupFacts;
  readonly build?: CgroupBuild;
  readonly warnings: readonly string[];
}

function buildCgroup(request: BuildRequest, spec: Spec): CgroupParts {
  if (request.cgroupManager === "disabled") return { warnings: [] };
  const layout = readCgroupLayout();
  const record = cgroupPaths(layout, spec.linux?.cgroupsPath, request.id);
  const writes = resourceWrites(layout, spec.linux?.resources ?? {});
  const join = cgroupJoin(record);
  return {
    facts: {
      version: layout.mode === "v2" ? 2 : 1,
      hierarchies: visibleHierarchies(layout, record),
      joinOps: join.writes,
    },
    warnings: unappliedResources(layout, spec.linux?.resources)
      .map((place) => `${place} is not applied: kago does not support it on this host`),
    build: { record, writes, ...(join.cloneInto ? { cloneInto: join.cloneInto } : {}) },
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
