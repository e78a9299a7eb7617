/**
 * `restore`: creates a container as `create` does, except for its process, which criu restores. The state folder is created
 * first, and on an error everything is undone.
 */
import { RESTORE_LOG, type RestoreFlags } from "../criu/restore.ts";
import { criuError } from "../criu/failure.ts";
import { logPath, makeFolders, requireCheckpoint } from "../criu/images.ts";
import { findCriu, LEAST_FOR_LSM, requireRoot, requireVersion } from "../criu/program.ts";
import { CriuFailure } from "../criu/session.ts";
import { HostError } from "../common/errors.ts";
import type { FolderPaths } from "../criu/plan.ts";
import { isRootless } from "../rootless.ts";
import type { StoredState } from "../state/container_state.ts";
import { processStartTime } from "../state/live_status.ts";
import type { StateLock } from "../state/lock.ts";
import { validateId } from "../state/state_root.ts";
import { saveConfig } from "../state/stored_config.ts";
import { createStateDir, removeStateDir, saveState } from "../state/store.ts";
import { type Build, buildContainer, type BuildRequest } from "../build/container.ts";
import { checkConsole, type ConsoleRequest } from "../build/console.ts";
import { initialState } from "./create.ts";
import { runPoststop } from "./delete.ts";
import { writePidFile } from "./pid_file.ts";
import { relaunch, type Relaunched, type RelaunchOptions } from "./relaunch.ts";
import { undoAll } from "../common/undo.ts";
import { removeIfThere } from "../common/files.ts";
import { given } from "../common/given.ts";

export interface RestoreRequest extends BuildRequest, ConsoleRequest {
  readonly root: string;
  readonly pidFile?: string;
  /** Name or path of the criu program. */
  readonly criu?: string;
  readonly folders: FolderPaths;
  readonly flags: RestoreFlags;
}

export interface Restored extends Relaunched {
  readonly state: StoredState;
  /** No longer held; the caller must release it. */
  readonly lock: StateLock;
}

type Warn = (message: string) => void;

/**
 * Restores a container; it runs when this returns. On an error everything is undone.
 * @throws {CriuError} when criu fails; {SpecError | HostError | ContainerExistsError} as `create` does.
 */
export async function restoreContainer(request: RestoreRequest, warn: Warn): Promise<Restored> {
  validateId(request.id);
  requireRoot("restore", isRootless(request.rootless));
  requireCheckpoint(request.folders.images);
  const build = await buildContainer(request);
  build.warnings.forEach(warn);
  requirePlain(build);
  checkConsole(build.spec.process ?? {}, request);
  const criu = findCriu(request.criu);
  if (request.flags.lsmProfile !== undefined) {
    requireVersion(criu, LEAST_FOR_LSM, "--lsm-profile");
  }
  if (request.flags.lsmMountContext !== undefined) {
    requireVersion(criu, LEAST_FOR_LSM, "--lsm-mount-context");
  }
  const lock = createStateDir(request.root, request.id);
  const creating = initialState(build);
  try {
    const restored = restoreIn(lock, build, creating, request, criu.path);
    lock.unlock();
    return { ...restored, lock };
  } catch (error) {
    throw undoAll([
      // Only the poststop hooks can undo what earlier hooks have made.
      () => runPoststop(creating, warn),
      () => lock.release(),
      () => removeStateDir(request.root, request.id),
    ], error);
  }
}

function requirePlain({ id, executor }: Build): void {
  if (executor.name === "default") return;
  throw new HostError(
    `container ${id} would run as a microVM, which cannot be restored`,
    "only plain containers can",
  );
}

function restoreIn(
  lock: StateLock,
  build: Build,
  creating: StoredState,
  request: RestoreRequest,
  criu: string,
): Omit<Restored, "lock"> {
  const { root, folders, flags, pidFile, consoleSocket } = request;
  saveState(root, creating);
  saveConfig(lock.directory, build.configText);
  const undo: (() => void)[] = [];
  const log = logPath(folders, RESTORE_LOG);
  try {
    let state = creating;
    makeFolders(folders);
    // Otherwise the log of an earlier attempt would be read as this one's.
    removeIfThere(log);
    const options: RelaunchOptions = {
      criu,
      folders,
      flags,
      stateFolder: lock.directory,
      ...given({ consoleSocket }),
      onProcess: (pid) => {
        const pidStartTime = processStartTime(pid) ?? "";
        state = { ...creating, status: "running", pid, pidStartTime };
        saveState(root, state);
      },
    };
    const relaunched = relaunch(build, options, undo);
    if (pidFile) writePidFile(pidFile, relaunched.pid);
    return { ...relaunched, state };
  } catch (error) {
    const cause = undoAll(undo, error);
    if (!(cause instanceof CriuFailure)) throw cause;
    throw criuError(`restore container ${build.id}`, log, cause);
  }
}
