/** Runs a shell's command line on a terminal of its own, by script(1) of util-linux. */
import { run, type RunOptions, type RunResult } from "./run.ts";

/**
 * What appears on the terminal, which is `rows` by `columns`, and the exit code; `stdin` is typed. At the end of what is
 * typed script(1) writes a NUL, which a terminal that echoes shows as `^@`, sooner or later: it is left out.
 */
export async function inTerminal(
  line: string,
  { rows = 30, columns = 100, ...options }: RunOptions & {
    readonly rows?: number;
    readonly columns?: number;
  } = {},
): Promise<RunResult> {
  const command = `stty rows ${rows} cols ${columns}; ${line}`;
  const result = await run("script", ["-qec", command, "/dev/null"], options);
  return { ...result, stdout: result.stdout.replaceAll("^@", "") };
}
