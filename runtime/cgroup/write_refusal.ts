/** Possible reasons for a refused limit, if the errno alone is not sufficient. */
import { EBUSY, EINVAL, ENODEV, ENOENT, EOPNOTSUPP } from "../common/errno.ts";

interface Refused {
  readonly directory: string;
  readonly file: string;
}

/** What a kernel without these files lacks. */
const MISSING: readonly (readonly [file: RegExp, reason: string])[] = [
  [/^memory\.(memsw|swap)\./, "it does not count swap, boot it with swapaccount=1"],
  [/^cpu\.rt_/, "it is built without CONFIG_RT_GROUP_SCHED"],
  [/^(cpu\.idle|cpu\.max\.burst|cpu\.cfs_burst_us)$/, "it is older than Linux 5.15"],
  [/leaf_weight/, "leaf weights are not supported since Linux 5.0"],
  [/bfq/, "the module bfq is not loaded"],
  [/^hugetlb\./, "it has no huge pages of this size, see /sys/kernel/mm/hugepages"],
];

/** A clause for the end of the error's message, or undefined if the errno is sufficient. Reads files for some. */
export function explainRefusal({ directory, file }: Refused, errno: number): string | undefined {
  switch (errno) {
    case ENOENT: {
      const reason = MISSING.find(([pattern]) => pattern.test(file))?.[1];
      return `the kernel does not offer this file${reason ? `: ${reason}` : ""}`;
    }
    case EBUSY:
      return file.startsWith("memory.") ? memoryUsage(directory) : undefined;
    case EOPNOTSUPP:
      return file.includes("bfq") ? "the device's scheduler is not bfq" : undefined;
    case ENODEV:
      return /^(io|blkio)\./.test(file) ? "there is no block device of this number" : undefined;
    case EINVAL:
      return /^cpu\.(weight|shares)$/.test(file) && readNumber(`${directory}/cpu.idle`) === "1"
        ? "the cgroup is idle, set cpu.idle to 0 with it"
        : undefined;
    default:
      return undefined;
  }
}

/** v1 refuses a limit below the memory that it cannot reclaim from the processes. */
function memoryUsage(directory: string): string {
  const [now, peak] = ["usage", "max_usage"]
    .map((name) => readNumber(`${directory}/memory.${name}_in_bytes`));
  return `the container uses ${now} bytes now and has used ${peak}`;
}

function readNumber(path: string): string {
  try {
    return Deno.readTextFileSync(path).trim();
  } catch {
    // This only explains another error.
    return "an unknown number of";
  }
}
