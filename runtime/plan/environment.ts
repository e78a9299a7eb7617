/** `process.env` as the process gets it. Pure. */
import type { Process } from "../spec/spec.ts";

/** An empty HOME counts as missing, as with runc: it is then looked up in the image. */
const NO_HOME = "HOME=";

/** If a name has several values, the last one is kept; getenv(3) would find the first. */
export function environmentOf({ env = [] }: Process): readonly string[] {
  const name = (entry: string) => entry.split("=", 1)[0];
  const names = env.map(name);
  return env.filter((entry, index) =>
    names.lastIndexOf(names[index]) === index && entry !== NO_HOME
  );
}

/** Does the environment, as returned by environmentOf(), have HOME? */
export function hasHome(env: readonly string[]): boolean {
  return env.some((entry) => entry.startsWith(NO_HOME));
}
