/**
 * The builder of `exec`: turns a container's stored state and config, and the caller's options, into the task of its
 * stages, as build/container.ts does for `create`.
 */
import { executorOf } from "../../executors/registry.ts";
import type { Executor } from "../../executors/interface/executor.ts";
import { type CgroupJoin, cgroupJoin } from "../cgroup/drivers/cgroupfs.ts";
import type { CgroupRecord } from "../cgroup/path.ts";
import { subCgroups } from "../cgroup/sub_cgroup.ts";
import { SpecError, StateError, UsageError, withReason } from "../common/errors.ts";
import { readHostFacts } from "../host_facts.ts";
import { compileTenantPlan } from "../plan/compile_tenant.ts";
import type { Op } from "../plan/op.ts";
import { checkProcess } from "../spec/checks/checks.ts";
import { labelsNeedTheirModule } from "../spec/checks/host_checks.ts";
import { parseProcess, parseSpec } from "../config/load.ts";
import type { Process, Spec } from "../spec/spec.ts";
import { ociState, type StoredState } from "../state/container_state.ts";
import { liveStatus } from "../state/live_status.ts";
import { isUnlocked } from "../state/lock.ts";
import { loadState } from "../state/store.ts";
import { loadConfig } from "../state/stored_config.ts";
import { buildSeccomp } from "../build/seccomp.ts";
import { checkConsole } from "../build/console.ts";
import type { Task } from "../stages/conversation.ts";
import { LiveInit } from "./facts.ts";
import { type ProcessFlags, processOfFile, processOfFlags } from "./process.ts";
import { tenantUser } from "./user.ts";
import { given } from "../common/given.ts";

/** The options of the command line for a tenant. */
export interface TenantRequest {
  readonly id: string;
  readonly root: string;
  /** Path of the `--process` file; `flags` are ignored then. */
  readonly processFile?: string;
  readonly flags: Omit<ProcessFlags, "user">;
  /** `USER[:GROUP]`, not looked up yet. */
  readonly user?: string;
  readonly cgroup: readonly string[];
  readonly ignorePaused: boolean;
  readonly detach: boolean;
  readonly consoleSocket?: string;
  readonly preserveFds: number;
}

/** A tenant that is ready to be started. */
export interface TenantBuild {
  readonly state: StoredState;
  readonly executor: Executor;
  readonly process: Process;
  readonly init: LiveInit;
  /** The folder of the v2 cgroup in which it is cloned. */
  readonly cloneInto?: string;
  readonly task: Task;
  readonly warnings: readonly string[];
}

/**
 * Builds a tenant; the caller must dispose of its `init`.
 * @throws {StateError} unless the container is created or running; a paused one requires `ignorePaused`.
 * @throws {SpecError | UsageError} for a process that is not supported.
 */
export async function buildTenant(request: TenantRequest): Promise<TenantBuild> {
  const { root, id } = request;
  const console = given({ consoleSocket: request.consoleSocket });
  const state = loadState(root, id);
  const executor = await executorOf(state);
  requireLive(state, executor, request);
  const spec = await parseSpec(loadConfig(`${root}/${id}`));
  const init = LiveInit.open(state);
  const process = await processOf(request, spec, init);
  const warnings = checkProcess(process);
  labelsNeedTheirModule({ process });
  checkConsole(process, { ...console, foreground: !request.detach });
  const join = joinOf(state.cgroup, request.cgroup, process);
  const host = readHostFacts();
  const tenantSpec: Spec = { ...spec, process };
  if (state.egress && !executor.tenantPlan) await requireLimited(tenantSpec);
  const seccomp = await buildSeccomp(tenantSpec, root);
  const input = {
    id,
    spec: tenantSpec,
    rootfs: state.rootfs,
    host,
    joinOps: [...join.writes, ...await resctrlOps(state)],
    ...given({ seccomp: seccomp.filter }),
    preserveFds: request.preserveFds,
    noNewKeyring: state.noNewKeyring ?? false,
  };
  const plan = executor.tenantPlan
    ? executor.tenantPlan({ ...input, state, stateFolder: `${root}/${id}` })
    : compileTenantPlan({ ...input, namespaces: init.namespaces() });
  return {
    state,
    executor,
    process,
    init,
    ...given({ cloneInto: join.cloneInto }),
    task: {
      plan,
      spec: tenantSpec,
      host,
      ...console,
      state: () => ociState(state, state.status),
    },
    warnings: [...warnings, ...seccomp.warnings],
  };
}

/** exec may not give capabilities that config.json must not give the container's process. */
async function requireLimited(spec: Spec): Promise<void> {
  const { requireNoWayPast } = await import("../build/egress_capabilities.ts");
  requireNoWayPast(spec);
}

/** Few containers have any, so the module is loaded only for them. */
async function resctrlOps({ resctrl }: StoredState): Promise<readonly Op[]> {
  if (!resctrl) return [];
  const { resctrlJoin } = await import("../resctrl/group.ts");
  return resctrlJoin(resctrl);
}

function requireLive(
  state: StoredState,
  { tenantsNeedStart }: Executor,
  { root, ignorePaused }: TenantRequest,
): void {
  const status: string = liveStatus(state, () => isUnlocked(root, state.id));
  const allowed = tenantsNeedStart ? ["running"] as const : ["created", "running"] as const;
  if ((allowed as readonly string[]).includes(status)) return;
  if (status === "paused" && ignorePaused) return;
  throw new StateError(state.id, "exec in", status, allowed);
}

async function processOf(
  { processFile, flags, user }: TenantRequest,
  { process: container = { cwd: "/" } }: Spec,
  init: LiveInit,
): Promise<Process> {
  if (processFile !== undefined) {
    return processOfFile(await parseProcess(readProcessFile(processFile)), container);
  }
  if (flags.args.length === 0) throw new UsageError("exec needs COMMAND, or --process FILE");
  const base = container.user ?? {};
  const found = user === undefined ? base : tenantUser(user, base, init.userFiles());
  return processOfFlags({ ...flags, user: found }, container);
}

function readProcessFile(path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch (cause) {
    throw new SpecError("", withReason(`cannot read the process file ${path}`, cause), {
      cause,
    });
  }
}

function joinOf(
  record: CgroupRecord | null,
  wanted: readonly string[],
  { execCPUAffinity }: Process,
): CgroupJoin {
  if (!record) {
    if (wanted.length === 0) return { writes: [] };
    throw new UsageError("option --cgroup: the container has no cgroup of its own");
  }
  const join = cgroupJoin(subCgroups(record, wanted));
  if (!execCPUAffinity?.initial || !join.cloneInto) return join;
  // The Intermediate needs its first affinity before it is in the cgroup, so it must not be cloned into it.
  const path = `${join.cloneInto}/cgroup.procs`;
  const last: Op = { op: "writeFile", path, data: "0", from: "linux.cgroupsPath" };
  return { writes: [...join.writes, last] };
}
