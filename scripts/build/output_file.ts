/** Tests for files and writes the build's results: a reader sees either the old file or the complete new one. */

/**
 * Calls `write` with an empty file, sets the result's `mode` and renames it to `path`. The file has the same name, in a
 * temporary folder beside `path`: `deno compile` stores the name in its program. A missing folder is created; when `write`
 * fails, nothing is left behind.
 */
export async function replaceFile(
  path: string,
  mode: number,
  write: (temporary: string) => Promise<void>,
): Promise<void> {
  const end = path.lastIndexOf("/");
  const parent = path.slice(0, end) || "/";
  await Deno.mkdir(parent, { recursive: true });
  const folder = await Deno.makeTempDir({ dir: parent, prefix: ".new-" });
  try {
    const temporary = `${folder}/${path.slice(end + 1)}`;
    await Deno.writeFile(temporary, new Uint8Array());
    await write(temporary);
    await Deno.chmod(temporary, mode);
    await Deno.rename(temporary, path);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Writes `pieces` one after the other into an existing file, in place of its contents. */
export async function writePieces(
  path: string,
  pieces: readonly Uint8Array<ArrayBuffer>[],
): Promise<void> {
  using file = await Deno.open(path, { write: true, truncate: true });
  for (const piece of pieces) {
    for (let n = 0; n < piece.byteLength;) n += await file.write(piece.subarray(n));
  }
}

/** Writes `text` unless the file already has it, so that its timestamp is kept. */
export async function writeIfChanged(path: string, text: string): Promise<void> {
  if (await readIfPresent(path) === text) return;
  await replaceFile(path, 0o644, (temporary) => Deno.writeTextFile(temporary, text));
}

/** The text of a file; undefined when there is none. */
export async function readIfPresent(path: string): Promise<string | undefined> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** Does a file exist at `path`? */
export async function exists(path: string): Promise<boolean> {
  try {
    await Deno.stat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
