/**
 * The environment of kago's caller, which is data: for hooks, for programs that kago runs, for what kago itself is told by
 * it. The packed executable's Deno has an environment of its own (helper-c/entry), so that nothing of the caller's chooses
 * files that root's Deno reads or writes; nowhere else in the program is `Deno.env` used.
 */
import { packed } from "./packed.ts";

let read: ReadonlyMap<string, string> | undefined;

/** All variables by name; of two with the same name the first counts, as for getenv(3). */
export function environment(): ReadonlyMap<string, string> {
  const file = packed()?.environment;
  // Under `deno compile`, and for tests, Deno's environment is the caller's.
  if (file === undefined) return new Map(Object.entries(Deno.env.toObject()));
  return read ??= parseEnvironment(Deno.readFileSync(file));
}

/** What a variable is set to; undefined when it is not. */
export function variable(name: string): string | undefined {
  return packed() ? environment().get(name) : Deno.env.get(name);
}

/**
 * @param bytes variables, each ended by NUL, as in /proc/PID/environ. One that is not UTF-8 is left out: JavaScript has no
 * string for it, and another than the caller's would be passed on.
 */
export function parseEnvironment(bytes: Uint8Array): ReadonlyMap<string, string> {
  const variables = new Map<string, string>();
  for (const entry of new TextDecoder().decode(bytes).split("\0")) {
    if (entry.includes("\ufffd")) continue;
    const end = entry.indexOf("=");
    const name = entry.slice(0, end);
    if (end > 0 && !variables.has(name)) variables.set(name, entry.slice(end + 1));
  }
  return variables;
}

/** For Deno.Command: the caller's environment and nothing of Deno's. */
export function childEnvironment(): {
  readonly clearEnv: true;
  readonly env: Record<string, string>;
} {
  return { clearEnv: true, env: Object.fromEntries(environment()) };
}

/** Lets a library that looks for these variables by itself find them where getenv(3) looks. */
export function showLibraries(names: readonly string[]): void {
  if (!packed()) return;
  for (const name of names) {
    const value = variable(name);
    if (value !== undefined) Deno.env.set(name, value);
  }
}
