/** Runs a command on a terminal of its own, by script(1) of util-linux. */
import { shellWord } from "../../runtime/common/shell_word.ts";
import { runOk, type RunOptions } from "../harness/run.ts";

/**
 * What appears on the terminal; `stdin` is typed. The command must succeed. script(1) finds no end of its input: it would
 * type a NUL there, which an engine that has not attached to its container yet takes for the end of everything.
 */
export function onTerminal(command: readonly string[], options: RunOptions = {}): Promise<string> {
  const words = ["-qec", command.map(shellWord).join(" "), "/dev/null"];
  return runOk("script", words, { timeout: 120, ...options, holdStdin: true });
}
