/** Questions about files that may not be there. */
import { errnoOf } from "./errors.ts";
import { ENOTDIR } from "./errno.ts";

/** Whether an error says that a file is missing, or what should be a folder above it is none. */
export function isMissing(error: unknown): boolean {
  // ENOTDIR has no class of its own in every version.
  return error instanceof Deno.errors.NotFound || errnoOf(error) === ENOTDIR;
}

/** Whether an error says that a file is missing or not for us to read. */
export function isAbsent(error: unknown): boolean {
  return isMissing(error) || error instanceof Deno.errors.PermissionDenied;
}

/** What is found at a path, undefined where there is nothing. */
export function ifThere<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** Removes a file or an empty folder, which somebody else may have removed. */
export function removeIfThere(path: string): void {
  ifThere(() => Deno.removeSync(path));
}

/**
 * What is at a path, links followed; undefined when there is nothing.
 * @param isNone which errors say so; others are thrown.
 */
function statOf(path: string, isNone = isMissing): Deno.FileInfo | undefined {
  try {
    return Deno.statSync(path);
  } catch (error) {
    if (isNone(error)) return undefined;
    throw error;
  }
}

/** @param isNone as isAbsent(), where what may not be looked at counts as missing. */
export function isThere(path: string, isNone = isMissing): boolean {
  return statOf(path, isNone) !== undefined;
}

export function isFolder(path: string): boolean {
  return statOf(path)?.isDirectory ?? false;
}
