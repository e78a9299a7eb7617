/** Runs a command on its own terminal, by script(1) of util-linux. */
import { shellWord } from "../../runtime/common/shell_word.ts";
import { runOk, type RunOptions } from "../harness/run.ts";

/**
 * The terminal's output; `stdin` is typed. The command must succeed. script(1)'s input is kept open: at its end
 * script(1) would type a NUL, which an engine that has not attached yet takes for the end of the input.
 */
export function onTerminal(command: readonly string[], options: RunOptions = {}): Promise<string> {
  const words = ["-qec", command.map(shellWord).join(" "), "/dev/null"];
  return runOk("script", words, { timeout: 120, ...options, holdStdin: true });
}
