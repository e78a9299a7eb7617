/** Variations of the caller: what it ignores, limits, pins and holds open. The container starts clean anyway. */
import type { Variation } from "./variation.ts";

const CALLERS: Readonly<Record<string, string>> = {
  "ignores SIGCHLD": "trap '' CHLD",
  "ignores signals": "trap '' USR1 TERM PIPE",
  "is pinned to a processor": "taskset -cp 0 $$ > /dev/null",
  "has low limits": "ulimit -Sn 200; ulimit -Sc 0; ulimit -Ss 1024",
  "has a small stack": "ulimit -Ss 64",
  "has descriptors open": "exec 7</dev/null 9>/dev/null",
  "has a umask": "umask 077",
  "is nice": "renice -n 5 $$ > /dev/null",
  "is in a deleted folder": 'mkdir "$out.gone"; cd "$out.gone"; rmdir "$out.gone"',
};

export const CALLER_VARIATIONS: readonly Variation[] = Object.entries(CALLERS).map(
  ([name, caller]) => ({ axis: "caller", name, caller, change: () => {} }),
);
