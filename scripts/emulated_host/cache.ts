/**
 * Folders below `build/cache/` that are expensive to fill. A folder is complete or absent: it is filled under another name
 * and renamed, so a later run never uses an incomplete one of a killed run.
 */
import { readIfPresent } from "../build/output_file.ts";

/** The repository's root, without a trailing slash. */
export const REPOSITORY = new URL("../..", import.meta.url).pathname.replace(/\/$/, "");

export const CACHE = `${REPOSITORY}/build/cache`;

/** Separates a folder's name from a random part while it is being filled. */
const PARTIAL = ".partial-";

/** A file in a filled folder: the digest of its inputs. */
const FINGERPRINT = ".made-from";

/**
 * The path of `build/cache/NAME`, which `fill` fills unless it exists and was made from the same `inputs`. `inputs` is any
 * JSON value that names everything on which the contents depend. Concurrent callers wait for each other.
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

/** Removes the remains of killed runs. After an hour the tools that they had started have exited too. */
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
