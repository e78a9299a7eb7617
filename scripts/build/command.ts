/** Runs the programs of the build, and reports their failures. */
import { HostError } from "../../runtime/common/errors.ts";
import { given } from "../../runtime/common/given.ts";

/** A program of the build exited with a code other than 0. */
export class CommandError extends Error {
  override name = "CommandError";
  constructor(readonly commandLine: string, readonly code: number, readonly output: string) {
    super(`${commandLine}: exit code ${code}${output ? `\n${output}` : ""}`);
  }
}

export interface CommandOptions {
  readonly cwd?: string;
  /** Added to the environment of the build. */
  readonly env?: Readonly<Record<string, string>>;
  /** Milliseconds until the program is killed; none by default. */
  readonly timeout?: number;
}

/**
 * Runs a program without standard input and returns its standard output.
 * @throws {CommandError} with both outputs when it fails, {HostError} when it is not installed.
 */
export async function runCommand(
  program: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<string> {
  const signal = options.timeout === undefined ? undefined : AbortSignal.timeout(options.timeout);
  const command = new Deno.Command(program, {
    args: [...args],
    ...given({ cwd: options.cwd, env: options.env, signal }),
    stdin: "null",
  });
  const { code, stdout, stderr } = await outputOf(command, program);
  const text = new TextDecoder();
  if (code !== 0) {
    const output = `${text.decode(stderr)}${text.decode(stdout)}`.trimEnd();
    throw new CommandError([program, ...args].join(" "), code, output);
  }
  return text.decode(stdout);
}

async function outputOf(command: Deno.Command, program: string): Promise<Deno.CommandOutput> {
  try {
    return await command.output();
  } catch (cause) {
    if (!(cause instanceof Deno.errors.NotFound)) throw cause;
    throw new HostError(`${program} cannot be run`, "run scripts/setup.sh", { cause });
  }
}
