/** `process.env` as a process gets it. Pure. */
import type { Process } from "../spec/spec.ts";

/** An empty one counts as none, as with runc: HOME is then looked for in the image. */
const NO_HOME = "HOME=";

/** Of several values for one name the last counts; getenv(3) would find the first. */
export function environmentOf({ env = [] }: Process): readonly string[] {
  const name = (entry: string) => entry.split("=", 1)[0];
  const names = env.map(name);
  return env.filter((entry, index) =>
    names.lastIndexOf(names[index]) === index && entry !== NO_HOME
  );
}

/** Does the environment, as environmentOf() gives it, have a home? */
export function hasHome(env: readonly string[]): boolean {
  return env.some((entry) => entry.startsWith(NO_HOME));
}
