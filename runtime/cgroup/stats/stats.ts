/** The resource usage of a container's cgroup: selects stats_v1.ts or stats_v2.ts. */
import { errnoOf } from "../../common/errors.ts";
import { EOPNOTSUPP } from "../../common/errno.ts";
import { syscallError } from "../errors.ts";
import { isGone } from "../files.ts";
import type { CgroupStats, StatFiles } from "./figures.ts";
import type { CgroupDirectory, CgroupRecord } from "../path.ts";
import { readV1 } from "./stats_v1.ts";
import { readV2 } from "./stats_v2.ts";

/**
 * Reads the statistics. A value without a controller is 0.
 * @throws {SyscallError} when a file exists and cannot be read.
 */
export function readStats({ directories }: CgroupRecord): CgroupStats {
  const v1 = directories.filter(({ version }) => version === 1);
  const unified = directories.find(({ version }) => version === 2);
  const hasControllers = v1.some(({ controllers }) => controllers.some((c) => !c.includes("=")));
  if (unified && !hasControllers) return readV2(filesIn(unified));
  return readV1((controller) => filesIn(v1.find((d) => d.controllers.includes(controller))));
}

function filesIn(directory: CgroupDirectory | undefined): StatFiles {
  if (!directory) return { read: () => undefined, names: () => [] };
  const { path } = directory;
  return {
    read: (name) => {
      const file = `${path}/${name}`;
      return ifThere(file, () => Deno.readTextFileSync(file));
    },
    names: () => ifThere(path, () => [...Deno.readDirSync(path)].map(({ name }) => name)) ?? [],
  };
}

function ifThere<T>(path: string, read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    // EOPNOTSUPP: pressure files where PSI is off, cgroup.procs of a threaded cgroup.
    if (isGone(error) || errnoOf(error) === EOPNOTSUPP) return undefined;
    throw syscallError(`read ${path}`, error);
  }
}
