/** The compared runtimes. Owns their command lines, and the removal of their containers. */
import type { Bundles } from "./bundle.ts";
import { type Command, CROWD, OWN_COMMANDS, type Place } from "./cases.ts";
import { type Measure, runTool } from "./measure.ts";

/** The runtime that is judged, and those that it is compared with. */
export const KAGO = "kago";
export const RUNC = "runc";
export const CRUN = "crun";

export interface Program {
  readonly name: string;
  /** Absolute path, which execv needs. */
  readonly path: string;
}

export interface Contender {
  readonly name: string;
  /** Creates the containers that `list` finds. */
  prepareCrowd(measure: Measure): Promise<void>;
  /** Command lines for measure.c; `crowd` chooses the state root of those containers. */
  commandLines(commands: readonly Command[], crowd?: boolean): string[][];
  /** Removes the containers that a scene may have left. */
  sweep(): Promise<void>;
  /** Removes all containers. */
  cleanUp(): Promise<void>;
}

/** A runtime with state roots and containers of its own, below `folder`. */
export function contenderOf({ name, path }: Program, bundles: Bundles, folder: string): Contender {
  const prefix = `bench-${name}-`;
  const roots = { own: `${folder}/${name}-state`, crowd: `${folder}/${name}-crowd` };
  const place: Place = {
    id: `${prefix}{}`,
    pidFile: `${folder}/${name}-{}.pid`,
    log: `${folder}/${name}-{}.log`,
    bundles,
  };

  async function removeAll(root: string): Promise<void> {
    const ids = (await namesIn(root)).filter((id) => id.startsWith(prefix));
    const removals = ids.map((id) => runTool(path, ["--root", root, "delete", "--force", id]));
    const failures = (await Promise.allSettled(removals)).filter(({ status }) =>
      status === "rejected"
    );
    if (failures.length === 0) return;
    const reasons = failures.map((failure) => (failure as PromiseRejectedResult).reason);
    throw new AggregateError(
      reasons,
      `${reasons.length} containers of ${name} stay: ${reasons[0]}`,
    );
  }

  return {
    name,
    async prepareCrowd(measure) {
      const member = `${prefix}member-{}`;
      const create = ["--root", roots.crowd, "create", "--bundle", bundles.lasting, member];
      await measure([[path, ...create]], { copies: CROWD });
    },
    commandLines(commands, crowd = false) {
      const root = crowd ? roots.crowd : roots.own;
      return commands.map((command) => command(place)).map((words) =>
        OWN_COMMANDS.includes(words[0]!) ? [...words] : [path, "--root", root, ...words]
      );
    },
    sweep: () => removeAll(roots.own),
    async cleanUp() {
      await removeAll(roots.own);
      await removeAll(roots.crowd);
    },
  };
}

async function namesIn(path: string): Promise<string[]> {
  try {
    return (await Array.fromAsync(Deno.readDir(path))).map(({ name }) => name);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}
