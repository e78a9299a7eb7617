/** Looks for files and writes the build's results. Owns that a reader sees either the old file or the whole new one. */

/**
 * Calls `write` with a temporary name in the folder of `path`, gives what it wrote `mode` and renames it to `path`.
 * The folder is made when missing; when `write` fails, nothing is left behind.
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
    // `write` may have removed it, to give the name to another program.
    if (await exists(temporary)) await Deno.remove(temporary);
    throw error;
  }
}

/** Writes `text` unless the file already says just that, so that what depends on its time stays as it is. */
export async function writeIfChanged(path: string, text: string): Promise<void> {
  if (await readIfPresent(path) === text) return;
  await replaceFile(path, 0o644, (temporary) => Deno.writeTextFile(temporary, text));
}

/** The text of a file, undefined when there is none. */
export async function readIfPresent(path: string): Promise<string | undefined> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** Whether something exists at `path`. */
export async function exists(path: string): Promise<boolean> {
  try {
    await Deno.stat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
