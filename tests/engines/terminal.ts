/** Runs a command on a terminal of its own, by script(1) of util-linux. */
import { runOk, type RunOptions } from "../harness/run.ts";

/**
 * script(1) with an input that stays open for a while: at the end of its input it writes a NUL to the terminal, which an
 * engine that has not attached to its container yet takes for the end of everything.
 */
const HELD_OPEN = 'sleep 3 | script "$@"';

/** What appears on the terminal; `stdin` is typed. The command must succeed. */
export function onTerminal(command: readonly string[], options: RunOptions = {}): Promise<string> {
  const words = ["-qec", command.map(quote).join(" "), "/dev/null"];
  const limit = { timeout: 90 };
  return options.stdin
    ? runOk("script", words, { ...limit, ...options })
    : runOk("sh", ["-c", HELD_OPEN, "sh", ...words], { ...limit, ...options, stdin: undefined });
}

/** One word of sh(1). */
function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
