/**
 * A clone of this checkout in which uncommitted changes are committed, so that a test releases the sources as they are.
 */
import { BUILD, ROOT } from "../../../scripts/build/paths.ts";
import { run, runOk, type RunOptions, type RunResult } from "../../harness/run.ts";

/** The same in every clone, and therefore the same commit. */
const IDENTITY = {
  GIT_AUTHOR_NAME: "A Tester",
  GIT_AUTHOR_EMAIL: "tester@kago.example",
  GIT_AUTHOR_DATE: "2026-01-02T03:04:05Z",
  GIT_COMMITTER_NAME: "A Tester",
  GIT_COMMITTER_EMAIL: "tester@kago.example",
  GIT_COMMITTER_DATE: "2026-01-02T03:04:05Z",
};

const COPY = 'cd "$0" && git ls-files -zco --exclude-standard | xargs -0 ls -d 2>/dev/null |' +
  ' tar -c -T - | tar -x -C "$1"';

/** Seconds: two builds at once on a slow machine. */
const PATIENCE = 900;

export class ReleaseClone {
  private constructor(readonly folder: string) {}

  static async make(folder: string): Promise<ReleaseClone> {
    await Deno.mkdir(`${folder}/build`, { recursive: true });
    await runOk("sh", ["-c", COPY, ROOT, folder]);
    // The downloaded tools, which would be the same.
    await Deno.symlink(`${BUILD}/tools`, `${folder}/build/tools`);
    const git = (...args: string[]) =>
      runOk("git", ["-C", folder, "-c", "init.defaultBranch=main", ...args], { env: IDENTITY });
    await git("init", "--quiet");
    await git("add", "--all");
    await git("commit", "--quiet", "--message", "A release");
    return new ReleaseClone(folder);
  }

  /** `release.sh ARGS…`, at the fastest compression; `umask` in octal. */
  release(args: readonly string[], umask = "022", options: RunOptions = {}): Promise<RunResult> {
    const script = 'umask "$0" && exec "$@" --compression 0';
    const words = [`${this.folder}/scripts/release.sh`, ...args];
    return run("sh", ["-c", script, umask, ...words], { timeout: PATIENCE, ...options });
  }
}
