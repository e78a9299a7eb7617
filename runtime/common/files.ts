/** Tests of files that may not exist, and what is made with more than one call. */
import { errnoOf } from "./errors.ts";
import { ENOTDIR } from "./errno.ts";

/** Does the error mean that a file is missing, or that a parent is not a folder? */
export function isMissing(error: unknown): boolean {
  // Not every version of Deno has a class for ENOTDIR.
  return error instanceof Deno.errors.NotFound || errnoOf(error) === ENOTDIR;
}

/** Does the error mean that a file is missing or not readable? */
export function isAbsent(error: unknown): boolean {
  return isMissing(error) || error instanceof Deno.errors.PermissionDenied;
}

/** The result of `look`; undefined when the file is missing. */
export function ifThere<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** Makes a folder with just this mode: that of mkdir(2) is less the caller's umask. */
export function makeFolderOfMode(path: string, mode: number): void {
  Deno.mkdirSync(path, { mode });
  Deno.chmodSync(path, mode);
}

/** Removes a file or an empty folder, which may already be gone. */
export function removeIfThere(path: string): void {
  ifThere(() => Deno.removeSync(path));
}

/**
 * The file at a path, symlinks followed; undefined when there is none.
 * @param isNone tests for errors that mean so; others are thrown.
 */
function statOf(path: string, isNone = isMissing): Deno.FileInfo | undefined {
  try {
    return Deno.statSync(path);
  } catch (error) {
    if (isNone(error)) return undefined;
    throw error;
  }
}

/** @param isNone with isAbsent(), a file that may not be examined counts as missing. */
export function isThere(path: string, isNone = isMissing): boolean {
  return statOf(path, isNone) !== undefined;
}

export function isFolder(path: string): boolean {
  return statOf(path)?.isDirectory ?? false;
}
