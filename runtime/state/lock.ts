/**
 * The lock of one container: flock(2) on its state directory. The kernel releases it when its holder dies. Since the
 * directory itself is locked, a container never exists without its lock.
 *
 * A lock belongs to the open file description, which a cloned process shares: processes that outlive the holder must not
 * keep its file descriptors.
 */
import { HostError, NotFoundError, withReason } from "../common/errors.ts";
import { disposing } from "../common/disposing.ts";
import { validateId } from "./state_root.ts";
import { ifThere } from "../common/files.ts";

/** Held until release() or the end of `using`. */
export class StateLock implements Disposable {
  constructor(
    /** The state directory's path. */
    readonly directory: string,
    private readonly file: Deno.FsFile,
  ) {}

  /** Unlocked before it is closed, so that the lock is free even if a clone still has it open. */
  release(): void {
    this.file.unlockSync();
    this.file.close();
  }

  /** Releases the lock temporarily; relock() takes it again. */
  unlock(): void {
    this.file.unlockSync();
  }

  /** Takes the lock again: false, and no lock, when the container has been deleted meanwhile. */
  relock(): boolean {
    this.file.lockSync(true);
    if (isStillThere(this.file, this.directory)) return true;
    this.file.unlockSync();
    return false;
  }

  [Symbol.dispose](): void {
    this.release();
  }
}

/**
 * Waits for the container's lock.
 * @throws {NotFoundError} when the container does not exist, or is gone when its lock becomes free.
 * @throws {UsageError} for an invalid id.
 */
export function lockState(root: string, id: string): StateLock {
  for (;;) {
    const file = openDirectory(root, id);
    file.lockSync(true);
    if (isStillThere(file, `${root}/${id}`)) return new StateLock(`${root}/${id}`, file);
    file.close();
  }
}

/**
 * Is the container's lock free? Tested with a shared lock, so that concurrent tests do not conflict.
 * @throws as lockState().
 */
export function isUnlocked(root: string, id: string): boolean {
  return disposing(openDirectory(root, id), (file) => file.tryLockSync(false));
}

function openDirectory(root: string, id: string): Deno.FsFile {
  validateId(id);
  try {
    return Deno.openSync(`${root}/${id}`, { read: true });
  } catch (cause) {
    if (cause instanceof Deno.errors.NotFound) throw new NotFoundError(id, root);
    throw new HostError(
      withReason(`cannot open the state of container ${id} in ${root}/${id}`, cause),
      "run as the user who created the container",
      { cause },
    );
  }
}

/** Between open and lock the directory may have been deleted, and created again for another container of that id. */
function isStillThere(file: Deno.FsFile, path: string): boolean {
  const now = ifThere(() => Deno.statSync(path));
  const locked = file.statSync();
  return now?.ino === locked.ino && now.dev === locked.dev;
}
