/** `checkpoint`: has criu dump a running container, which is then stopped or continues. */
import { disposing } from "../common/disposing.ts";
import type { Executor } from "../../executors/interface/executor.ts";
import { executorOf } from "../../executors/registry.ts";
import { readDescriptors, readSubject } from "../criu/container_facts.ts";
import { DUMP_LOG, type DumpFlags, dumpRequest } from "../criu/dump.ts";
import { criuError } from "../criu/failure.ts";
import { checkParentPath, logPath, makeFolders, writeDescriptors } from "../criu/images.ts";
import { type CriuProgram, findCriu, requireFeature, requireRoot } from "../criu/program.ts";
import { CriuFailure, runCriu } from "../criu/session.ts";
import { HostError, StateError } from "../common/errors.ts";
import { inheritedEnv } from "../host_facts.ts";
import { dumpPlan, type FolderPaths } from "../criu/plan.ts";
import { isRootless, type RootlessOption } from "../rootless.ts";
import { parseSpec } from "../config/load.ts";
import type { Spec } from "../spec/spec.ts";
import type { StoredState } from "../state/container_state.ts";
import { liveStatus } from "../state/live_status.ts";
import { lockState } from "../state/lock.ts";
import { loadState } from "../state/store.ts";
import { loadConfig } from "../state/stored_config.ts";
import { removeStopped } from "./delete.ts";
import { destroyerOf } from "./destroyer.ts";
import { LiveInit } from "../tenant/facts.ts";
import { removeIfThere } from "../common/files.ts";

export interface CheckpointRequest {
  readonly id: string;
  readonly root: string;
  readonly rootless: RootlessOption;
  /** Name or path of the criu program. */
  readonly criu?: string;
  readonly folders: FolderPaths;
  readonly flags: DumpFlags;
  /** The descriptor that gets a NUL byte when lazy pages can be requested, or -1. */
  readonly statusFd: number;
}

const ALLOWED = ["running", "paused"] as const;

/**
 * Dumps the container. Unless it continues, it is deleted afterwards, as with runc: `restore` creates it again.
 * @throws {StateError} unless it is running or paused.
 * @throws {CriuError} when criu fails; the container continues.
 */
export async function checkpointContainer(
  request: CheckpointRequest,
  warn: (message: string) => void,
): Promise<void> {
  const { id, root, flags, folders } = request;
  requireRoot("checkpoint", isRootless(request.rootless));
  const before = loadState(root, id);
  const destroy = await destroyerOf(before);
  const executor = await executorOf(before);
  const spec = await parseSpec(loadConfig(`${root}/${id}`));
  using lock = lockState(root, id);
  const state = loadState(root, id, lock);
  requireDumpable(state, executor);
  const criu = findCriu(request.criu);
  if (flags.parentPath !== undefined) checkParentPath(folders.images, flags.parentPath);
  requireFeatures(criu, flags);
  using _init = LiveInit.open(state);
  dump(state, spec, criu.path, request);
  if (!flags.leaveRunning && !flags.preDump) removeStopped(root, state, destroy, warn);
}

function requireDumpable(state: StoredState, executor: Executor): void {
  const { id } = state;
  executor.checkCheckpoint?.(state);
  if (state.sdNotify) {
    throw new HostError(
      `container ${id} notifies a service manager, whose socket cannot be checkpointed`,
      "start it without NOTIFY_SOCKET",
    );
  }
  const status: string = liveStatus(state, () => true);
  if (ALLOWED.some((allowed) => allowed === status)) return;
  throw new StateError(id, "checkpoint", status, ALLOWED);
}

function requireFeatures(criu: CriuProgram, flags: DumpFlags): void {
  const tracking = flags.preDump ? "--pre-dump" : flags.parentPath && "--parent-path";
  if (tracking) requireFeature(criu, "mem_dirty_track", tracking);
  if (flags.lazyPages) requireFeature(criu, "uffd-noncoop", "--lazy-pages");
}

function dump(
  state: StoredState,
  spec: Spec,
  criu: string,
  { flags, folders, statusFd }: CheckpointRequest,
): void {
  const request = dumpRequest(readSubject(state, spec), flags);
  makeFolders(folders);
  const log = logPath(folders, DUMP_LOG);
  // Otherwise the log of an earlier attempt would be read as this one's.
  removeIfThere(log);
  if (!flags.preDump) writeDescriptors(folders.images, readDescriptors(state.pid));
  try {
    runCriu({
      plan: dumpPlan({ path: criu, env: inheritedEnv(), folders }),
      cgroup: -1,
      request: () => request,
      notify: (script) => {
        if (script === "status-ready" && statusFd >= 0) tellReady(statusFd);
      },
    });
  } catch (cause) {
    if (!(cause instanceof CriuFailure)) throw cause;
    throw criuError(`dump container ${state.id}`, log, cause);
  }
}

function tellReady(fd: number): void {
  const file = Deno.openSync(`/proc/self/fd/${fd}`, { write: true });
  disposing(file, (file) => file.writeSync(new Uint8Array(1)));
}
