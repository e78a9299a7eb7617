/** One `exec` of the comparison, and its container. */
import type { JsonObject } from "../../../scripts/sample/bundle.ts";

export interface ExecCase {
  /** A name of CONTAINERS. */
  readonly container: string;
  readonly name: string;
  /** Options of `exec`. */
  readonly options?: readonly string[];
  /** The contents of the `--process` file; the default of `args` is the probe. */
  readonly process?: JsonObject;
  /** The command; default the probe. */
  readonly command?: readonly string[];
  /** Shell commands of the caller, before it executes the runtime. */
  readonly caller?: string;
  /** On a terminal of the caller's own, of 31 by 97. */
  readonly onTerminal?: boolean;
  /** Matches the stderr of both runtimes, when they refuse. */
  readonly gist?: RegExp;
}

/** Cases in one container, by name. */
export function cases(
  container: string,
  list: Readonly<Record<string, Omit<ExecCase, "container" | "name">>>,
): ExecCase[] {
  return Object.entries(list).map(([name, rest]) => ({ container, name, ...rest }));
}
