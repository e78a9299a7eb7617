/**
 * Folders below `build/cache/` that are expensive to fill. A folder is complete or absent: it is filled under another
 * name and renamed, so a killed run leaves nothing that a later run would take for complete.
 */

/** The repository's root, without a trailing slash. */
export const REPOSITORY = new URL("../..", import.meta.url).pathname.replace(/\/$/, "");

export const CACHE = `${REPOSITORY}/build/cache`;

/** File inside a filled folder: the fingerprint of what it was made from. */
const FINGERPRINT = ".made-from";

/**
 * The path of `build/cache/NAME`, filled by `fill` unless it is there already, made from the same `inputs`.
 * `inputs` is any JSON value that names everything the content depends on. Concurrent callers wait for each other.
 */
export async function cachedDirectory(
  name: string,
  inputs: unknown,
  fill: (directory: string) => Promise<void>,
): Promise<string> {
  const path = `${CACHE}/${name}`;
  const fingerprint = JSON.stringify(inputs);
  if (await readIfPresent(`${path}/${FINGERPRINT}`) === fingerprint) return path;

  await Deno.mkdir(path.slice(0, path.lastIndexOf("/")), { recursive: true });
  using lock = await Deno.open(`${path}.lock`, { create: true, write: true });
  await lock.lock(true);
  if (await readIfPresent(`${path}/${FINGERPRINT}`) === fingerprint) return path;

  const partial = `${path}.partial`;
  await removeIfPresent(partial);
  await Deno.mkdir(partial);
  await fill(partial);
  await Deno.writeTextFile(`${partial}/${FINGERPRINT}`, fingerprint);
  await removeIfPresent(path);
  await Deno.rename(partial, path);
  return path;
}

async function readIfPresent(path: string): Promise<string | undefined> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

async function removeIfPresent(path: string): Promise<void> {
  try {
    await Deno.remove(path, { recursive: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
