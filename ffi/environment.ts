/**
 * The environment of kago's caller. It is data: for hooks, for programs that kago runs, and for kago's own settings. The
 * packed executable's Deno has a separate environment (helper-c/entry), so that the caller cannot choose files that root's
 * Deno reads or writes. No other module of the program uses `Deno.env`.
 */
import { packed } from "./packed.ts";

let read: ReadonlyMap<string, string> | undefined;

/** All variables by name; the first of several with the same name counts, as for getenv(3). */
export function environment(): ReadonlyMap<string, string> {
  const file = packed()?.environment;
  // In tests, Deno's environment is the caller's.
  if (file === undefined) return new Map(Object.entries(Deno.env.toObject()));
  return read ??= parseEnvironment(Deno.readFileSync(file));
}

/** The value of a variable; undefined when it is not set. */
export function variable(name: string): string | undefined {
  return packed() ? environment().get(name) : Deno.env.get(name);
}

/**
 * @param bytes variables, each terminated by NUL, as in /proc/PID/environ. One that is not UTF-8 is left out: JavaScript
 * has no string for it, and would pass on a different value.
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

/** For Deno.Command: the caller's environment, without Deno's. */
export function childEnvironment(): {
  readonly clearEnv: true;
  readonly env: Record<string, string>;
} {
  return { clearEnv: true, env: Object.fromEntries(environment()) };
}

/** Sets these variables for a library that reads them with getenv(3). */
export function showLibraries(names: readonly string[]): void {
  if (!packed()) return;
  for (const name of names) {
    const value = variable(name);
    if (value !== undefined) Deno.env.set(name, value);
  }
}
