/**
 * The folder of cached programs: reading from it only what this user alone can have written, writing whole files, and
 * keeping them few. What is in a file is cache_entry.ts's.
 */
import { ifThere, removeIfThere } from "../common/files.ts";

/** Something in the way of the cache that is not this user's own making; the folder is left alone then. */
export class UntrustedCacheError extends Error {
  override name = "UntrustedCacheError";
}

/** Files; a compiled profile has some 20 KiB. */
export const MAX_ENTRIES = 64;

/** Bytes; what is larger is not cached. */
export const MAX_ENTRY_SIZE = 1024 * 1024;

/**
 * The bytes of a file of the folder; undefined when there is none.
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

/** Deno opens through a link, so what is open is compared with what lstat(2) saw. */
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
 * Puts a file into the folder, which is made if it is missing, at once and whole. The oldest files go when they are too
 * many.
 * @throws {UntrustedCacheError} when another user could write to the folder.
 * @throws {Deno.errors} when the filesystem refuses.
 */
export function writeCached(folder: string, name: string, bytes: Uint8Array): void {
  Deno.mkdirSync(folder, { recursive: true, mode: 0o700 });
  requirePrivate(folder, Deno.lstatSync(folder));
  // Made exclusively and with mode 0600. A killed writer's file grows old with the others.
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

/** 0 for a file that another process has removed meanwhile. */
function modified(path: string): number {
  return ifThere(() => Deno.lstatSync(path).mtime!.getTime()) ?? 0;
}
