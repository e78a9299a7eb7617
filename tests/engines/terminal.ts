/** Runs a command on a terminal of its own, by script(1) of util-linux. */
import { runOk, type RunOptions } from "../harness/run.ts";

/** What appears on the terminal; `stdin` is typed. The command must succeed. */
export function onTerminal(command: readonly string[], options: RunOptions = {}): Promise<string> {
  return runOk("script", ["-qec", command.map(quote).join(" "), "/dev/null"], {
    stdin: "",
    timeout: 90,
    ...options,
  });
}

/** One word of sh(1). */
function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
