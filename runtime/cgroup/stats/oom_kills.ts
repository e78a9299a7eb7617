/** The number of processes of a cgroup that the OOM killer has killed. */
import { readIfThere } from "../files.ts";
import type { CgroupRecord } from "../path.ts";
import { counts } from "./stat_text.ts";

/** 0 without a memory controller, or if the cgroup is gone. */
export function oomKills({ directories }: CgroupRecord): bigint {
  const files = directories.flatMap(({ path, version, controllers }) =>
    version === 2
      ? [`${path}/memory.events`]
      : controllers.includes("memory")
      ? [`${path}/memory.oom_control`]
      : []
  );
  return files.reduce((sum, file) => sum + (counts(readIfThere(file)).oom_kill ?? 0n), 0n);
}
