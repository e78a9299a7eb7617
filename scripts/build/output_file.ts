/** Tests for files and writes the build's results: a reader sees either the old file or the complete new one. */

/**
 * Calls `write` with a temporary name in the folder of `path`, sets the result's `mode` and renames it to `path`. A missing
 * folder is created; when `write` fails, nothing is left behind.
 */
export async function replaceFile(
  path: string,
  mode: number,
  write: (temporary: string) => Promise<void>,
): Promise<void> {
  const folder = path.slice(0, path.lastIndexOf("/")) || "/";
  await Deno.mkdir(folder, { recursive: true });
  const temporary = await Deno.makeTempFile({ dir: folder, prefix: ".new-" });
  try {
    await write(temporary);
    await Deno.chmod(temporary, mode);
    await Deno.rename(temporary, path);
  } catch (error) {
    // `write` may have removed it, so that another program can use the name.
    if (await exists(temporary)) await Deno.remove(temporary);
    throw error;
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
