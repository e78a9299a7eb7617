/**
 * The containers' state on disk: a directory below the state root for each, with state.json in it. Changes require its lock
 * (lock.ts); reading does not, because state.json is replaced as a whole.
 */
import { removeTree } from "../../ffi/files.ts";
import { describeErrno, errnoOf, HostError, NotFoundError, withReason } from "../common/errors.ts";
import {
  BeingCreatedError,
  DamagedStateError,
  parseStoredState,
  type StoredState,
} from "./container_state.ts";
import { isUnlocked, lockState, type StateLock } from "./lock.ts";
import { ownerName } from "./owner.ts";
import { isPlain, shortcutText, type StateFiles } from "./shortcut.ts";
import { isValidId, SHORTCUT_FILE, STARTED_FILE, STATE_FILE } from "./names.ts";
import { validateId } from "./state_root.ts";
import { ifThere, makeFolderOfMode } from "../common/files.ts";

/** The id of `create` is in use. */
export class ContainerExistsError extends Error {
  override name = "ContainerExistsError";
  constructor(readonly id: string) {
    super(`container with id exists: ${id}`);
  }
}

/**
 * Claims the id: of several concurrent callers, one gets the new directory, with its lock. The next step must be to save a
 * state with the status `creating` and the container's future cgroup, before anything else is made: the remains of a killed
 * creator can then be removed.
 * @throws {ContainerExistsError}
 * @throws {UsageError} for an invalid id.
 */
export function createStateDir(root: string, id: string): StateLock {
  validateId(id);
  try {
    Deno.mkdirSync(root, { recursive: true, mode: 0o700 });
    // Search permission for others: parts of it are bound into containers with their own user namespace.
    makeFolderOfMode(`${root}/${id}`, 0o711);
  } catch (cause) {
    if (cause instanceof Deno.errors.AlreadyExists) throw new ContainerExistsError(id);
    throw new HostError(
      withReason(`cannot create ${root}/${id}`, cause),
      "choose a writable directory with --root",
      {
        cause,
      },
    );
  }
  return lockNewDirectory(root, id);
}

/**
 * Before the lock is taken, a `delete --force` may remove the new directory as a killed creator's, and another creator may
 * follow. If there is a state.json once the lock is held, another creator was first.
 */
function lockNewDirectory(root: string, id: string): StateLock {
  let lock: StateLock;
  try {
    lock = lockState(root, id);
  } catch (cause) {
    if (!(cause instanceof NotFoundError)) throw cause;
    throw new HostError(
      `container ${id} was deleted while it was being created`,
      "create it again",
      {
        cause,
      },
    );
  }
  // Listing is cheaper than the exception for a file that, nearly always, does not exist.
  if (![...Deno.readDirSync(lock.directory)].some(({ name }) => name === STATE_FILE)) return lock;
  lock.release();
  throw new ContainerExistsError(id);
}

/**
 * Replaces state.json with one rename(2): readers, and commands after this process was killed, find the old or the new
 * state. There is no fsync(2): the root is usually on a tmpfs, and otherwise a crash of the host ends the containers as
 * well.
 */
export function saveState(root: string, stored: StoredState): void {
  const directory = `${root}/${stored.id}`;
  replaceFile(directory, STATE_FILE, JSON.stringify(stored));
  // A container that is being created has no process yet.
  if (stored.status === "running") {
    writeShortcut(directory, stored, { running: Deno.statSync(`${directory}/${STATE_FILE}`) });
  }
}

/** As saveState(), for the state in which `create` leaves a container. */
export function saveCreated(root: string, stored: StoredState): void {
  const directory = `${root}/${stored.id}`;
  replaceFile(directory, STATE_FILE, JSON.stringify(stored));
  const created = Deno.statSync(`${directory}/${STATE_FILE}`);
  if (!isPlain(stored)) return writeShortcut(directory, stored, { created });
  const started: StoredState = { ...stored, status: "running" };
  writePrivate(`${directory}/${STARTED_FILE}`, JSON.stringify(started));
  const running = Deno.statSync(`${directory}/${STARTED_FILE}`);
  writeShortcut(directory, stored, { created, running });
}

/** It contains the identity of the state's file, so that a shortcut for an older state is ignored. */
function writeShortcut(directory: string, stored: StoredState, files: StateFiles): void {
  const text = shortcutText(stored, files, ownerName(stored.owner));
  if (text !== undefined) replaceFile(directory, SHORTCUT_FILE, text);
}

function replaceFile(directory: string, name: string, text: string): void {
  // A fixed name is sufficient, since only the lock's holder writes.
  const temporary = `${directory}/${name}.new`;
  writePrivate(temporary, text);
  Deno.renameSync(temporary, `${directory}/${name}`);
}

function writePrivate(path: string, text: string): void {
  Deno.writeTextFileSync(path, text, { mode: 0o600 });
}

/**
 * @param lock the container's, if the caller holds it: then it is not being created
 * @throws {NotFoundError} when the container does not exist.
 * @throws {BeingCreatedError} when its creator has not written its first state yet.
 * @throws {DamagedStateError} when its state.json is unusable, or missing because its creator was killed early.
 * @throws {HostError} when it is another user's, and may not be read.
 * @throws {UsageError} for an invalid id.
 */
export function loadState(root: string, id: string, lock?: StateLock): StoredState {
  validateId(id);
  const file = `${root}/${id}/${STATE_FILE}`;
  let text: string;
  try {
    text = Deno.readTextFileSync(file);
  } catch (cause) {
    if (cause instanceof Deno.errors.NotFound) {
      if (!ifThere(() => Deno.lstatSync(`${root}/${id}`))) throw new NotFoundError(id, root);
      if (!lock && !isUnlocked(root, id)) throw new BeingCreatedError(id, file, { cause });
      throw new DamagedStateError(id, file, "is missing", { cause });
    }
    if (cause instanceof Deno.errors.PermissionDenied) {
      throw new HostError(
        withReason(`cannot read ${file}`, cause),
        "run as the user who created the container",
        {
          cause,
        },
      );
    }
    throw new DamagedStateError(id, file, `cannot be read: ${describeErrno(errnoOf(cause))}`, {
      cause,
    });
  }
  return parseStoredState(text, id, file);
}

/**
 * Removes the container's directory, which may already be gone; the caller holds its lock. state.json is removed last, so
 * that an interrupted delete can be repeated.
 */
export function removeStateDir(root: string, id: string): void {
  validateId(id);
  const directory = `${root}/${id}`;
  try {
    if (Deno.lstatSync(directory).isSymlink) {
      throw new HostError(
        `${directory} is a link, not the state of a container`,
        "remove the link",
      );
    }
    const entries = [...Deno.readDirSync(directory)];
    for (const { name, isDirectory } of entries) {
      if (isDirectory) removeTree(`${directory}/${name}`);
      else if (name !== STATE_FILE) Deno.removeSync(`${directory}/${name}`);
    }
    if (entries.some(({ name, isDirectory }) => name === STATE_FILE && !isDirectory)) {
      Deno.removeSync(`${directory}/${STATE_FILE}`);
    }
    Deno.removeSync(directory);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

/**
 * The ids of all containers below the root, sorted; empty when there is no root yet.
 * @param isNamed whether the user named the root, which must then exist.
 * @throws {HostError} when a named root does not exist.
 */
export function listIds(root: string, isNamed = false): string[] {
  try {
    return [...Deno.readDirSync(root)]
      .filter(({ name, isDirectory }) => isDirectory && isValidId(name))
      .map(({ name }) => name)
      .sort();
  } catch (cause) {
    if (!(cause instanceof Deno.errors.NotFound)) throw cause;
    if (!isNamed) return [];
    const problem = `--root: ${root}: no such file or directory`;
    throw new HostError(problem, "name the directory that the containers were created with", {
      cause,
    });
  }
}
