/** SHA256SUMS of a folder, in the format of sha256sum(1). */
import { runCommand } from "../build/command.ts";

export async function sumsOf(folder: string): Promise<string> {
  const names = [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
  return await runCommand("sha256sum", ["--", ...names], { cwd: folder });
}
