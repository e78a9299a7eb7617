/** The packer that uses `deno compile`. Owns its options. */
import { runCommand } from "./command.ts";
import type { DenortEnvironment } from "./denort.ts";
import { replaceFile } from "./output_file.ts";
import { stockDeno } from "./stock_deno.ts";

/** Milliseconds for the download of the base: a network that swallows packets must not stop the build. */
const DOWNLOAD_TIMEOUT = 120_000;

/** The arguments of deno that make `output` out of the bundle; it needs no module besides, wherever that were. */
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
 * @throws {CommandError} when it cannot.
 */
export async function packWithCompile(
  bundle: string,
  output: string,
  env: DenortEnvironment,
): Promise<void> {
  const deno = await stockDeno();
  await replaceFile(output, 0o755, async (temporary) => {
    // deno compile overwrites only what looks like its own work.
    await Deno.remove(temporary);
    await runCommand(deno, compileArguments(bundle, temporary), {
      env: { ...env, DENO_NO_UPDATE_CHECK: "1", NO_COLOR: "1" },
      timeout: DOWNLOAD_TIMEOUT,
    });
  });
}
