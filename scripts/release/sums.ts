/** SHA256SUMS of a folder, as sha256sum(1) checks them. */
import { runCommand } from "../build/command.ts";

export async function sumsOf(folder: string): Promise<string> {
  const names = [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
  return await runCommand("sha256sum", ["--", ...names], { cwd: folder });
}
