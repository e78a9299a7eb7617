/**
 * The containers' state on disk: a directory below the state root for each, with state.json in it. Whoever changes
 * anything in one holds its lock (lock.ts); reading needs none, for state.json is replaced whole.
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
import { ifThere } from "../common/files.ts";

/** `create` found the id taken. */
export class ContainerExistsError extends Error {
  override name = "ContainerExistsError";
  constructor(readonly id: string) {
    super(`container with id exists: ${id}`);
  }
}

/**
 * Claims the id: of several callers at once, one gets the new directory, with its lock. Save a state with the status
 * `creating` and the container's future cgroup next, before anything else is made: then whoever finds the remains of
 * a killed creator knows what to remove.
 * @throws {ContainerExistsError}
 * @throws {UsageError} for an id that cannot be one.
 */
export function createStateDir(root: string, id: string): StateLock {
  validateId(id);
  try {
    Deno.mkdirSync(root, { recursive: true, mode: 0o700 });
    // Others may pass through, to what is bound from here into a container with its own user namespace.
    Deno.mkdirSync(`${root}/${id}`, { mode: 0o711 });
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
 * Until the lock is had, a `delete --force` may take the new directory for a killed creator's, and another creator
 * may come after it. Who finds state.json once he has the lock is not the first.
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
  // Listing is cheaper than the error of looking for a file that, nearly always, is not there.
  if (![...Deno.readDirSync(lock.directory)].some(({ name }) => name === STATE_FILE)) return lock;
  lock.release();
  throw new ContainerExistsError(id);
}

/**
 * Replaces state.json in one rename(2): a reader, and whoever comes after this process was killed, finds the old or
 * the new. There is no fsync(2): the root is on a tmpfs, and where it is not, a crash of the host ends the containers
 * as well.
 */
export function saveState(root: string, stored: StoredState): void {
  const directory = `${root}/${stored.id}`;
  replaceFile(directory, STATE_FILE, JSON.stringify(stored));
  // A container that is being created has no process to tell of yet.
  if (stored.status === "running") {
    writeShortcut(directory, stored, { running: Deno.statSync(`${directory}/${STATE_FILE}`) });
  }
}

/** As saveState(), for a container that is as `create` leaves it. */
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

/** It names the state's file, so that one of an older state counts for nothing. */
function writeShortcut(directory: string, stored: StoredState, files: StateFiles): void {
  const text = shortcutText(stored, files, ownerName(stored.owner));
  if (text !== undefined) replaceFile(directory, SHORTCUT_FILE, text);
}

function replaceFile(directory: string, name: string, text: string): void {
  // One name is enough, since only the lock's holder writes.
  const temporary = `${directory}/${name}.new`;
  writePrivate(temporary, text);
  Deno.renameSync(temporary, `${directory}/${name}`);
}

function writePrivate(path: string, text: string): void {
  Deno.writeTextFileSync(path, text, { mode: 0o600 });
}

/**
 * @param lock the container's, if the caller has it: then nobody is creating the container
 * @throws {NotFoundError} when the container does not exist.
 * @throws {BeingCreatedError} when its creator is about to write its first state.
 * @throws {DamagedStateError} when its state.json is missing, since its creator was killed at once, or unusable.
 * @throws {HostError} when it is somebody else's, and may not be read.
 * @throws {UsageError} for an id that cannot be one.
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
 * Removes the container's directory, whose lock the caller holds; it may be gone already. state.json goes last, so
 * that a delete that is killed half way can be repeated.
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
 * The ids of all containers below the root, sorted; none when there is no root yet.
 * @param isNamed is it somebody's choice, which is a mistake when it is not there?
 * @throws {HostError} for such a one.
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
