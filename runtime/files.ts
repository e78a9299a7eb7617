/** Questions about files that may not be there. */
import { errnoOf } from "./errors.ts";

const ENOTDIR = 20;

/** Whether an error says that a file is missing, or what should be a folder above it is none. */
export function isMissing(error: unknown): boolean {
  // ENOTDIR has no class of its own in every version.
  return error instanceof Deno.errors.NotFound || errnoOf(error) === ENOTDIR;
}

/** Whether an error says that a file is missing or not for us to read. */
export function isAbsent(error: unknown): boolean {
  return isMissing(error) || error instanceof Deno.errors.PermissionDenied;
}

/** False when there is nothing; other errors are thrown. */
export function isFolder(path: string): boolean {
  try {
    return Deno.statSync(path).isDirectory;
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}
