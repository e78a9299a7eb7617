/** What one `exec` of the comparison is, and in which container it takes place. */
import type { JsonObject } from "../../../scripts/sample/bundle.ts";

export interface ExecCase {
  /** A name of CONTAINERS. */
  readonly container: string;
  readonly name: string;
  /** Options of `exec`. */
  readonly options?: readonly string[];
  /** What `--process` names; its `args` are the probe unless it has some. */
  readonly process?: JsonObject;
  /** The command; default the probe. */
  readonly command?: readonly string[];
  /** Shell commands of the caller, before it becomes the runtime. */
  readonly caller?: string;
  /** On a terminal of the caller's own, of 31 by 97. */
  readonly onTerminal?: boolean;
  /** What both runtimes must say on stderr, where they refuse. */
  readonly gist?: RegExp;
}

/** Cases in one container, from their names to the rest. */
export function cases(
  container: string,
  list: Readonly<Record<string, Omit<ExecCase, "container" | "name">>>,
): ExecCase[] {
  return Object.entries(list).map(([name, rest]) => ({ container, name, ...rest }));
}
