/** Many containers that only wait, for `list` to find: what it costs to have them beside each other. */
import type { Bundles } from "./bundle.ts";
import { runTool } from "./measure.ts";

/** How many there are in the two state roots that `list` is measured on. */
export const CROWDS = [20, 200] as const;

export interface Crowd {
  readonly root: string;
  create(): Promise<void>;
  remove(): Promise<void>;
}

/** Containers of a runtime in a state root of their own, below `folder`. */
export function crowdOf(
  size: number,
  name: string,
  program: string,
  bundles: Bundles,
  folder: string,
): Crowd {
  const root = `${folder}/${name}-crowd-${size}`;
  const ids = Array.from({ length: size }, (_, i) => `bench-${name}-${size}-${i}`);
  // Their processes hold the output of `create` open, so nothing may wait for its end.
  const create = ["-c", 'exec "$@" </dev/null >/dev/null 2>&1', "sh", program, "--root", root];
  return {
    root,
    async create() {
      for (const id of ids) {
        await runTool("sh", [...create, "create", "--bundle", bundles.lasting, id]);
      }
    },
    async remove() {
      const remove = (id: string) => runTool(program, ["--root", root, "delete", "--force", id]);
      await Promise.all(ids.map(remove));
    },
  };
}
