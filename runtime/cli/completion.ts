/** Completion scripts of the shells. Loaded only when asked for. */
import { UsageError } from "../common/errors.ts";
import { bashScript } from "./completion_bash.ts";
import { fishScript } from "./completion_fish.ts";
import { SHELLS } from "./completion_table.ts";
import { zshScript } from "./completion_zsh.ts";

/**
 * The script for a shell.
 * @throws {UsageError} for a shell that there is none for
 */
export function completionFor(shell: string): string {
  if (shell === "bash") return bashScript();
  if (shell === "zsh") return zshScript();
  if (shell === "fish") return fishScript();
  throw new UsageError(`completion: there is none for ${shell}, only for ${SHELLS.join(", ")}`);
}
