/** Runs a shell's command line on a terminal of its own, by script(1) of util-linux. */
import { run, type RunOptions, type RunResult } from "./run.ts";

/**
 * What appears on the terminal, which is `rows` by `columns`, and the exit code; `stdin` is typed. Nobody hangs up: at the
 * end of its own input script(1) would type a NUL, in the middle of anything.
 */
export async function inTerminal(
  line: string,
  { rows = 30, columns = 100, ...options }: RunOptions & {
    readonly rows?: number;
    readonly columns?: number;
  } = {},
): Promise<RunResult> {
  const command = `stty rows ${rows} cols ${columns}; ${line}`;
  return await run("script", ["-qec", command, "/dev/null"], { ...options, holdStdin: true });
}
