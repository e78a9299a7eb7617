/**
 * `create`, and the first half of `run`. The state folder is created first and describes everything that is made later, so
 * that the remains of a killed kago can be found and removed.
 */
import { VERSION } from "../../ffi/embedded.gen.ts";
import type { Notify } from "../../ffi/processes.ts";
import { findNamespace } from "../spec/namespaces.ts";
import { SpecError } from "../common/errors.ts";
import { phase } from "../common/phases.ts";
import type { StoredState } from "../state/container_state.ts";
import { processStartTime } from "../state/live_status.ts";
import type { StateLock } from "../state/lock.ts";
import { validateId } from "../state/state_root.ts";
import { saveConfig } from "../state/stored_config.ts";
import { createStateDir, removeStateDir, saveCreated, saveState } from "../state/store.ts";
import { runPoststop } from "./delete.ts";
import { type Build, buildContainer, type BuildRequest } from "../build/container.ts";
import { checkConsole } from "../build/console.ts";
import { launch, type Launched } from "./launch.ts";
import { writePidFile } from "./pid_file.ts";
import { sendPidfd } from "./pidfd_socket.ts";
import { listenForNotify, makeNotifyFolder } from "../stages/sd_notify.ts";
import { mountsBefore, removeSharedMounts } from "./shared_mounts.ts";
import { undoAll } from "../common/undo.ts";
import { given } from "../common/given.ts";

export interface CreateRequest extends BuildRequest {
  readonly root: string;
  readonly pidFile?: string;
  readonly consoleSocket?: string;
  /** Unix socket that gets a pidfd of Init. */
  readonly pidfdSocket?: string;
  /** Does this process stay in the foreground and relay the container's terminal? */
  readonly foreground: boolean;
  /** `created` if Init waits for `start`, `running` if it is started at once. */
  readonly status: "created" | "running";
  /** Descriptor connected to the service manager, or -1; only for a container that is started at once. */
  readonly manager?: number;
}

/** A container that is ready to run; its lock is held. */
export interface Created {
  readonly build: Build;
  readonly state: StoredState;
  readonly launched: Launched;
  readonly lock: StateLock;
  /** Where the program can notify the service manager. */
  readonly notify?: Notify;
}

/**
 * Creates a container and calls `use`, which is synchronous, while the container is locked and Init waits. If `use` throws,
 * everything is undone. The lock is no longer held after the return, but the caller must still release it.
 * @throws {SpecError | HostError | UsageError | SyscallError | ContainerExistsError}
 */
export async function withCreated<T>(
  request: CreateRequest,
  warn: (message: string) => void,
  use: (created: Created) => T,
): Promise<T> {
  validateId(request.id);
  const build = await buildContainer(request);
  build.warnings.forEach(warn);
  if (request.status === "running") requireProcess(build.spec);
  checkConsole(build.spec.process ?? {}, request);
  build.checkHost?.();
  const lock = createStateDir(request.root, request.id);
  const creating: StoredState = {
    ...initialState(build),
    ...(request.noNewKeyring ? { noNewKeyring: true } : {}),
  };
  try {
    const result = createIn(lock, build, creating, request, use);
    lock.unlock();
    return result;
  } catch (error) {
    throw undoAll([
      // Only the poststop hooks can undo what earlier hooks have made.
      () => runPoststop(creating, warn),
      () => lock.release(),
      // In one step: as long as there are mounts, `delete --force` finds them in the state.
      () => {
        removeSharedMounts(creating);
        removeStateDir(request.root, request.id);
      },
    ], error);
  }
}

/** @throws {SpecError} for a container that can be created, but not started (runtime spec, "Start"). */
function requireProcess({ process }: Build["spec"]): void {
  if (!process) throw new SpecError("process", "is required: it says what the container runs");
}

function createIn<T>(
  lock: StateLock,
  build: Build,
  creating: StoredState,
  request: CreateRequest,
  use: (created: Created) => T,
): T {
  saveState(request.root, creating);
  saveConfig(lock.directory, build.configText);
  if (build.notifyFolder) makeNotifyFolder(build.notifyFolder);
  const notify = listenForNotify(build.notifyFolder, request.manager ?? -1);
  const launched = launch(
    build,
    given({
      stateFolder: request.status === "created" ? lock.directory : undefined,
      consoleSocket: request.consoleSocket,
    }),
  );
  try {
    const { pid } = launched;
    const state: StoredState = {
      ...creating,
      status: request.status,
      pid,
      pidStartTime: processStartTime(pid) ?? "",
    };
    (request.status === "created" ? saveCreated : saveState)(request.root, state);
    phase("state saved");
    if (request.pidFile) writePidFile(request.pidFile, pid);
    if (request.pidfdSocket) sendPidfd(request.pidfdSocket, pid, "standard");
    return use({ build, state, launched, lock, ...given({ notify }) });
  } catch (error) {
    throw launched.undo(error);
  }
}

/** The state that is stored before there is a process. */
export function initialState(build: Build): StoredState {
  const { id, bundle, rootfs, spec, cgroup, resctrl, executor, host } = build;
  return {
    formatVersion: 1,
    kagoVersion: VERSION,
    id,
    ociVersion: spec.ociVersion,
    bundle,
    rootfs,
    annotations: spec.annotations ?? {},
    status: "creating",
    pid: 0,
    pidStartTime: "",
    created: new Date().toISOString(),
    owner: host.uid,
    cgroup: cgroup?.record ?? null,
    ...(hasOwnPids(spec) ? {} : { sharesPids: true }),
    ...given({
      resctrl: resctrl?.record,
      leastMemory: build.leastMemory || undefined,
      memoryOutside: build.memoryOutside,
    }),
    ...mountsBefore(spec, rootfs),
    ...laterHooks(spec),
    ...(spec.process ? {} : { processless: true }),
    ...(build.hasAgent ? { agent: true, agentLimits: true } : {}),
    ...(build.notifyFolder === undefined ? {} : { sdNotify: true }),
    ...(cgroup?.attachEgress ? { egress: true } : {}),
    handler: executor.name,
  };
}

/** In a new pid namespace, Init is the first process; its death kills all others (pid_namespaces(7)). */
function hasOwnPids(spec: Build["spec"]): boolean {
  const pids = findNamespace(spec, "pid");
  return pids !== undefined && !pids.path;
}

function laterHooks({ hooks }: Build["spec"]): Pick<StoredState, "hooks"> {
  const { poststart = [], poststop = [] } = hooks ?? {};
  return poststart.length + poststop.length > 0 ? { hooks: { poststart, poststop } } : {};
}
