/** Collects the files of an archive in a folder, which is packed as it is. */
import { runCommand } from "../build/command.ts";
import { ROOT } from "../build/paths.ts";
import { formatBom } from "./bom.ts";
import type { Component } from "./component.ts";
import { copyFile } from "./copy_file.ts";
import type { Source } from "./source.ts";
import { thirdParties } from "./third_parties.ts";

/** The shells, and the names of their completion files. */
const COMPLETIONS = { bash: "kago", zsh: "_kago", fish: "kago.fish" } as const;

/** Fills the folder `tree`; existing files stay. */
export async function stageFiles(
  tree: string,
  program: string,
  source: Source,
  components: readonly Component[],
): Promise<void> {
  await Deno.mkdir(`${tree}/licenses`, { recursive: true });
  await copyFile(program, `${tree}/kago`, 0o755);
  await copyFile(`${ROOT}/scripts/install.sh`, `${tree}/install.sh`, 0o755);
  await copyFile(`${ROOT}/LICENSE`, `${tree}/LICENSE`, 0o644);
  await copyFile(`${ROOT}/docs/install.md`, `${tree}/README.md`, 0o644);
  await runCommand(`${tree}/kago`, ["manual", "--output", `${tree}/man`]);
  for (const [shell, name] of Object.entries(COMPLETIONS)) {
    await Deno.mkdir(`${tree}/completions/${shell}`, { recursive: true });
    const script = await runCommand(`${tree}/kago`, ["completion", shell]);
    await Deno.writeTextFile(`${tree}/completions/${shell}/${name}`, script);
  }
  await Deno.writeTextFile(`${tree}/licenses/THIRD-PARTY.txt`, thirdParties(components));
  await Deno.writeTextFile(`${tree}/components.cdx.json`, formatBom(source, components));
}
