/** Completion scripts for the shells. Loaded only on request. */
import { UsageError } from "../common/errors.ts";
import { bashScript } from "./completion_bash.ts";
import { fishScript } from "./completion_fish.ts";
import { SHELLS } from "./completion_table.ts";
import { zshScript } from "./completion_zsh.ts";

/**
 * The script for a shell.
 * @throws {UsageError} for an unsupported shell
 */
export function completionFor(shell: string): string {
  if (shell === "bash") return bashScript();
  if (shell === "zsh") return zshScript();
  if (shell === "fish") return fishScript();
  throw new UsageError(`completion: there is none for ${shell}, only for ${SHELLS.join(", ")}`);
}
