/** Files that are made from others and committed. */
import { ROOT } from "./build/paths.ts";

/**
 * Writes the file; with `--check` among this program's arguments it looks only, and the program ends with 1 when the text is
 * another.
 * @param file path from the repository's root.
 */
export function keepGenerated(file: string, text: string): void {
  const path = `${ROOT}/${file}`;
  if (!Deno.args.includes("--check")) return Deno.writeTextFileSync(path, text);
  if (Deno.readTextFileSync(path) === text) return;
  console.error(`${file} is stale: run deno task generate`);
  Deno.exit(1);
}
