/** A runtime that records its calls, and then becomes kago. */
import { KAGO } from "../harness/kago.ts";

const SCRIPT = `#!/bin/sh
calls=$0.calls
line=$(printf '%s\\t' "$@")
printf '%s\\n' "$line" >> "$calls"
exec ${KAGO} "$@"
`;

export class Recorder {
  private constructor(
    /** Its file, which an engine runs. */
    readonly path: string,
  ) {}

  static async make(directory: string): Promise<Recorder> {
    const path = `${directory}/recorder`;
    await Deno.writeTextFile(path, SCRIPT, { mode: 0o755 });
    return new Recorder(path);
  }

  /** The arguments of each call. */
  async calls(): Promise<string[][]> {
    const text = await Deno.readTextFile(`${this.path}.calls`);
    return text.split("\n").slice(0, -1).map((line) => line.replace(/\t$/, "").split("\t"));
  }
}

/** A call with fixed words in place of those that differ each time, and without the state root. */
export function withoutNames(words: readonly string[]): string[] {
  const known: Record<string, string> = {
    "--bundle": "BUNDLE",
    "--pid-file": "PIDFILE",
    "--log": "LOG",
  };
  const named = words.map((word, at) => known[words[at - 1] ?? ""] ?? word);
  const root = named.indexOf("--root");
  if (root >= 0) named.splice(root, 2);
  return [...named.slice(0, -1), "ID"];
}

/** The calls; repeated ones, such as `state` until the container has ended, count once. */
export function withoutRepeats(calls: readonly (readonly string[])[]): (readonly string[])[] {
  const texts = calls.map((call) => call.join(" "));
  return calls.filter((_call, at) => texts[at] !== texts[at - 1]);
}
