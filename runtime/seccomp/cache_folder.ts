/**
 * The folder of cached programs: reads only files that this user alone could have written, writes files atomically, and
 * limits their number. The contents of a file are cache_entry.ts's.
 */
import { ifThere, removeIfThere } from "../common/files.ts";

/** Something in the cache's place may come from another user; the folder is not touched then. */
export class UntrustedCacheError extends Error {
  override name = "UntrustedCacheError";
}

/** Files; a compiled profile has some 20 KiB. */
export const MAX_ENTRIES = 64;

/** Bytes; a larger program is not cached. */
export const MAX_ENTRY_SIZE = 1024 * 1024;

/**
 * The bytes of a file in the folder; undefined when it is missing.
 * @throws {UntrustedCacheError} when another user could have written it.
 */
export function readCached(folder: string, name: string): Uint8Array<ArrayBuffer> | undefined {
  const path = `${folder}/${name}`;
  const before = ifThere(() => {
    requirePrivate(folder, Deno.lstatSync(folder));
    return Deno.lstatSync(path);
  });
  if (before === undefined) return undefined;
  if (!before.isFile) throw new UntrustedCacheError(`${path} is not a file`);
  return readPrivate(path, before);
}

/** Deno follows a link on open, so the open file is compared with the result of lstat(2). */
function readPrivate(path: string, before: Deno.FileInfo): Uint8Array<ArrayBuffer> {
  using file = Deno.openSync(path);
  const opened = file.statSync();
  if (opened.dev !== before.dev || opened.ino !== before.ino) {
    throw new UntrustedCacheError(`${path} was replaced while it was opened`);
  }
  requirePrivate(path, opened);
  const bytes = new Uint8Array(Math.min(opened.size, MAX_ENTRY_SIZE));
  let filled = 0;
  while (filled < bytes.length) {
    const count = file.readSync(bytes.subarray(filled));
    if (count === null) break;
    filled += count;
  }
  return bytes.slice(0, filled);
}

function requirePrivate(path: string, { uid, mode, isSymlink }: Deno.FileInfo): void {
  const WRITABLE_BY_OTHERS = 0o022;
  if (isSymlink) throw new UntrustedCacheError(`${path} is a link`);
  if (uid !== Deno.uid()) throw new UntrustedCacheError(`${path} belongs to user ${uid}`);
  if (mode! & WRITABLE_BY_OTHERS) {
    throw new UntrustedCacheError(`${path} can be written by other users`);
  }
}

/**
 * Writes a file to the folder atomically, and creates the folder if it is missing. The oldest files are removed when
 * there are too many.
 * @throws {UntrustedCacheError} when another user could write to the folder.
 * @throws {Deno.errors} when the filesystem refuses.
 */
export function writeCached(folder: string, name: string, bytes: Uint8Array): void {
  Deno.mkdirSync(folder, { recursive: true, mode: 0o700 });
  requirePrivate(folder, Deno.lstatSync(folder));
  // Created exclusively with mode 0600. The file of a killed writer is removed when it is among the oldest.
  const temporary = Deno.makeTempFileSync({ dir: folder, prefix: "new-" });
  try {
    Deno.writeFileSync(temporary, bytes);
    Deno.renameSync(temporary, `${folder}/${name}`);
  } catch (error) {
    removeIfThere(temporary);
    throw error;
  }
  removeOldest(folder);
}

function removeOldest(folder: string): void {
  const names = [...Deno.readDirSync(folder)].map(({ name }) => name);
  if (names.length <= MAX_ENTRIES) return;
  const ages = names.map((name) => ({ name, time: modified(`${folder}/${name}`) }));
  ages.sort((a, b) => a.time - b.time);
  for (const { name } of ages.slice(0, names.length - MAX_ENTRIES)) {
    removeIfThere(`${folder}/${name}`);
  }
}

/** 0 for a file that another process has removed in the meantime. */
function modified(path: string): number {
  return ifThere(() => Deno.lstatSync(path).mtime!.getTime()) ?? 0;
}
