/** The packer that uses `deno compile`. Defines its options, and checks that the result starts. */
import { HostError } from "../../runtime/common/errors.ts";
import { CommandError, runCommand } from "./command.ts";
import type { DenortEnvironment } from "./denort.ts";
import { replaceFile } from "./output_file.ts";
import { DENO_VERSION, stockDeno } from "./stock_deno.ts";

/** Milliseconds for the download of the base: a network that drops packets must not block the build. */
const DOWNLOAD_TIMEOUT = 120_000;

/** Milliseconds for the start of the result, which takes 0.2 s. */
const START_TIMEOUT = 30_000;

/** Deno's arguments to compile the bundle into `output`; it needs no other module. */
export function compileArguments(bundle: string, output: string): string[] {
  return [
    "compile",
    "-A",
    "--quiet",
    "--no-check",
    "--no-config",
    "--no-lock",
    "--no-remote",
    "--no-npm",
    "--no-code-cache",
    "--output",
    output,
    bundle,
  ];
}

/**
 * Packs the bundle with all commands into `output`; Deno may download the base for it.
 * @param env added to the environment.
 * @param deno the executable that compiles; by default the pinned one.
 * @throws {CommandError} when it fails, {HostError} when its result does not start.
 */
export async function packWithCompile(
  bundle: string,
  output: string,
  env: DenortEnvironment,
  deno?: string,
): Promise<void> {
  const compiler = deno ?? await stockDeno();
  await replaceFile(output, 0o755, async (temporary) => {
    // deno compile overwrites only files that look like its own results.
    await Deno.remove(temporary);
    await runCommand(compiler, compileArguments(bundle, temporary), {
      env: { ...env, DENO_NO_UPDATE_CHECK: "1", NO_COLOR: "1" },
      timeout: DOWNLOAD_TIMEOUT,
    });
    await checkStarts(temporary, env);
  });
}

/**
 * deno compile accepts any executable as denort, and each version of Deno has its own format of the appended program.
 * @throws {HostError} when the program does not start.
 */
async function checkStarts(program: string, env: DenortEnvironment): Promise<void> {
  try {
    await runCommand(program, ["--version"], { env: { NO_COLOR: "1" }, timeout: START_TIMEOUT });
  } catch (cause) {
    if (!(cause instanceof CommandError)) throw cause;
    const base = env.DENORT_BIN ? `DENORT_BIN, ${env.DENORT_BIN},` : "denort in Deno's cache";
    throw new HostError(
      `what deno compile made of ${base} does not start: ${firstLine(cause.output)}`,
      `give it the denort of Deno ${DENO_VERSION}`,
      { cause },
    );
  }
}

function firstLine(text: string): string {
  return text.split("\n", 1)[0]!.replace(/\.$/, "") || "it says nothing";
}
