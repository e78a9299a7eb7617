/** The file in which an engine finds a process's pid. */
import { HostError, withReason } from "../common/errors.ts";

/** Creates the file: a symlink of that name, planted in a shared folder, is removed and not followed. */
function writeNew(path: string, text: string): void {
  try {
    Deno.writeTextFileSync(path, text, { createNew: true, mode: 0o644 });
  } catch (error) {
    if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
    Deno.removeSync(path);
    Deno.writeTextFileSync(path, text, { createNew: true, mode: 0o644 });
  }
}

/** Renamed into place: a process that watches for the file never sees it empty. */
export function writePidFile(path: string, pid: number): void {
  const slash = path.lastIndexOf("/") + 1;
  const temporary = `${path.slice(0, slash)}.${path.slice(slash)}`;
  try {
    writeNew(temporary, `${pid}`);
    Deno.renameSync(temporary, path);
  } catch (cause) {
    throw new HostError(
      withReason(`cannot write the pid file ${path}`, cause),
      "name a file in a writable directory",
      {
        cause,
      },
    );
  }
}
