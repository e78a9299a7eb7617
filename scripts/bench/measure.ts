/**
 * Measures commands through measure.c. Owns building and calling that program; cases.ts has what to measure, rounds.ts
 * how often.
 */

/** Of all copies together. */
export interface Sample {
  /** Milliseconds. */
  readonly wall: number;
  /** Milliseconds of processor time of the commands and of the children that they, or measure, waited for. */
  readonly cpu: number;
  /** The kernel's ru_maxrss, of the largest process. */
  readonly peakKiB: number;
  /** At the process's end, with `memory` only: proc_pid_smaps(5)'s Rss and Private_Dirty. */
  readonly rssKiB: number;
  readonly privateKiB: number;
}

export interface MeasureOptions {
  /** How often the commands are run, one after another; `{}` in a word is the copy's number. Absent: once. */
  readonly copies?: number;
  /** All copies at once. */
  readonly parallel?: boolean;
  /** Reads the memory of a single command's process; its times are then those of a traced process. */
  readonly memory?: boolean;
}

/** One of the commands exited with a code other than 0. */
export class CommandError extends Error {
  override name = "CommandError";
  constructor(words: readonly string[], readonly code: number, readonly said: string) {
    super(`${words.join(" ")} exited with ${code}: ${said}`);
  }
}

/**
 * Runs commands, each a program's path with its arguments or one of measure.c's own, and measures them together.
 * @throws {CommandError}
 */
export type Measure = (
  commands: readonly (readonly string[])[],
  options?: MeasureOptions,
) => Promise<Sample>;

const SOURCES = ["measure.c", "measure_container.c"];
const FLAGS = "-O2 -Wall -Wextra -Werror -D_GNU_SOURCE -static".split(" ");

/**
 * Compiles measure into `folder` and returns the function that calls it.
 * @throws {Error} when there is no C compiler.
 */
export async function buildMeasure(
  folder: string,
  environment: Record<string, string>,
): Promise<Measure> {
  const program = `${folder}/measure`;
  const sources = SOURCES.map((name) => new URL(name, import.meta.url).pathname);
  await runTool("cc", [...FLAGS, "-o", program, ...sources]);
  const output = `${folder}/output`;

  return async (commands, { copies = 1, parallel, memory } = {}) => {
    const kind = memory ? ["--memory"] : [parallel ? "--parallel" : "--repeat", `${copies}`];
    const words = commands.flatMap((command, at) => at > 0 ? [";", ...command] : command);
    const text = await runTool(program, [...kind, output, ...words], environment);
    const { nanoseconds, cpuNanoseconds, peakKiB, rssKiB, privateKiB, exitCode } = JSON.parse(text);
    if (exitCode !== 0) {
      const said = (await Deno.readTextFile(output)).trim();
      throw new CommandError(words, exitCode, said);
    }
    return { wall: nanoseconds / 1e6, cpu: cpuNanoseconds / 1e6, peakKiB, rssKiB, privateKiB };
  };
}

/** Runs a tool that must succeed, and returns what it printed. */
export async function runTool(
  program: string,
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<string> {
  const { success, code, stdout, stderr } = await new Deno.Command(program, {
    args: [...args],
    env,
    stdin: "null",
  }).output();
  if (!success) {
    const said = new TextDecoder().decode(stderr).trim();
    throw new Error(`${program} ${args.join(" ")} exited with ${code}: ${said}`);
  }
  return new TextDecoder().decode(stdout);
}
