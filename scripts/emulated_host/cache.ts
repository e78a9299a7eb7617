/**
 * Folders below `build/cache/` that are expensive to fill. A folder is complete or absent: it is filled under another
 * name and renamed, so a killed run leaves nothing that a later run would take for complete.
 */
import { readIfPresent } from "../build/output_file.ts";

/** The repository's root, without a trailing slash. */
export const REPOSITORY = new URL("../..", import.meta.url).pathname.replace(/\/$/, "");

export const CACHE = `${REPOSITORY}/build/cache`;

/** Between a folder's name and a random part, while it is being filled. */
const PARTIAL = ".partial-";

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

  await removeAbandoned(path);
  const partial = `${path}${PARTIAL}${crypto.randomUUID()}`;
  await Deno.mkdir(partial);
  await fill(partial);
  await Deno.writeTextFile(`${partial}/${FINGERPRINT}`, fingerprint);
  await removeIfPresent(path);
  await Deno.rename(partial, path);
  return path;
}

/** Removes what killed runs left. An hour later the tools they had started have ended too. */
async function removeAbandoned(path: string): Promise<void> {
  const slash = path.lastIndexOf("/");
  for await (const { name } of Deno.readDir(path.slice(0, slash))) {
    if (!name.startsWith(`${path.slice(slash + 1)}${PARTIAL}`)) continue;
    const partial = `${path.slice(0, slash)}/${name}`;
    const { mtime } = await Deno.stat(partial);
    if (mtime && Date.now() - mtime.getTime() > 3_600_000) {
      await Deno.remove(partial, { recursive: true });
    }
  }
}

async function removeIfPresent(path: string): Promise<void> {
  try {
    await Deno.remove(path, { recursive: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
