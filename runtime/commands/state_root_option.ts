/** `--root`, or its default. */
import type { GlobalOptions } from "../cli/command_table.ts";
import { joinPath } from "../common/path.ts";
import { defaultStateRoot } from "../state/state_root.ts";

export function stateRoot({ root }: GlobalOptions): string {
  return root ? joinPath(Deno.cwd(), root) : defaultStateRoot();
}
