/** Runs a shell command line on a separate terminal, by script(1) of util-linux. */
import { run, type RunOptions, type RunResult } from "./run.ts";

/**
 * The terminal's output and the exit code; the terminal has `rows` and `columns`, and `stdin` is typed. Standard input
 * stays open: at its end script(1) would type a NUL, at any position.
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
