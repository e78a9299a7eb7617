/** Makes one script of main.ts and everything that it imports. Owns the bundler's options and the checks of its result. */
import { runCommand } from "./command.ts";
import { replaceFile } from "./output_file.ts";
import { BUILD, ROOT } from "./paths.ts";
import { stockDeno } from "./stock_deno.ts";

/** Where the bundle of main.ts goes. */
export const BUNDLE = `${BUILD}/kago.js`;

/**
 * Bundles `entry` into `output`; dynamic imports stay lazy inside the one file.
 * @throws {CommandError} when the bundler fails, {Error} when the bundle would start slowly.
 */
export async function bundle(entry: string, output: string): Promise<void> {
  const deno = await stockDeno();
  const options = ["--quiet", "--minify", "--platform", "deno", "--config", `${ROOT}/deno.json`];
  await replaceFile(output, 0o644, async (temporary) => {
    await runCommand(deno, ["bundle", ...options, "-o", temporary, entry], {
      env: { DENO_NO_UPDATE_CHECK: "1" },
    });
    checkBundle(await Deno.readTextFile(temporary));
  });
}

/**
 * Checks what start-up time and memory depend on.
 * @throws {Error} for a character beyond ASCII (V8 would keep the source with two bytes a character) and for an
 * import of a `node:` module (Deno would load its Node compatibility layer).
 */
export function checkBundle(source: string): void {
  // deno-lint-ignore no-control-regex
  const wide = /[^\x00-\x7f]/.exec(source);
  if (wide) {
    throw new Error(`the bundle has a character beyond ASCII at ${wide.index}: ${near(source, wide)}`);
  }
  const node = /\bfrom\s*"node:[a-z_/]+"|\bimport\s*\(?\s*"node:[a-z_/]+"/.exec(source);
  if (node) throw new Error(`the bundle imports a node: module: ${near(source, node)}`);
}

function near(source: string, match: RegExpExecArray): string {
  return source.slice(Math.max(0, match.index - 60), match.index + 60);
}
