/**
 * Times one command and reads its peak memory, through measure.c. Owns building and calling that program; what to
 * measure is contenders.ts's, how often rounds.ts's.
 */

/** One run of one command. */
export interface Sample {
  readonly milliseconds: number;
  /** The kernel's ru_maxrss: the command and the children that it waited for. */
  readonly peakKiB: number;
}

/**
 * Runs `argv` (the program by its path) and measures it.
 * @throws {Error} with its output when it exits with another code than 0.
 */
export type Measure = (argv: readonly string[]) => Promise<Sample>;

/**
 * Compiles measure.c into `folder` and returns the function that calls it.
 * @throws {Error} when there is no C compiler.
 */
export async function buildMeasure(folder: string, environment: Record<string, string>) {
  const program = `${folder}/measure`;
  const source = new URL("measure.c", import.meta.url).pathname;
  await runTool("cc", [
    "-O2",
    "-Wall",
    "-Wextra",
    "-Werror",
    "-D_GNU_SOURCE",
    "-static",
    "-o",
    program,
    source,
  ]);
  const output = `${folder}/output`;

  return async (argv: readonly string[]): Promise<Sample> => {
    const text = await runTool(program, [output, ...argv], environment);
    const { nanoseconds, peakKiB, exitCode } = JSON.parse(text);
    if (exitCode !== 0) {
      const said = (await Deno.readTextFile(output)).trim();
      throw new Error(`${argv.join(" ")} exited with ${exitCode}: ${said}`);
    }
    return { milliseconds: nanoseconds / 1e6, peakKiB };
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
