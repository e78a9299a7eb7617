/** Files that are generated and committed. */
import { ROOT } from "./build/paths.ts";

/**
 * Writes the file. With `--check` among this program's arguments it only compares, and exits with 1 when the text
 * differs.
 * @param file path from the repository's root.
 */
export function keepGenerated(file: string, text: string): void {
  const path = `${ROOT}/${file}`;
  if (!Deno.args.includes("--check")) return Deno.writeTextFileSync(path, text);
  if (Deno.readTextFileSync(path) === text) return;
  console.error(`${file} is stale: run deno task generate`);
  Deno.exit(1);
}
