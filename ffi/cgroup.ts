/** The shim's functions for cgroups. */
import { call, checked, cString } from "./shim_call.ts";

/** Watches a cgroup folder for running out of memory; for waitForOom(). */
export function watchOom(path: string, version: 1 | 2): number {
  return checked(call("oom_watch", [version], cString(path)), `watch the memory of ${path}`);
}

export interface OomNews {
  /** Something has happened to the cgroup's memory, not always an OOM; on v1 also the end of the cgroup. */
  readonly changed: boolean;
  readonly ended: boolean;
}

/** Waits at most `timeoutMs` for news of `watch`, unless that is -1, and for the end of the process `pidfd`. */
export function waitForOom(
  watch: number,
  version: 1 | 2,
  pidfd: number,
  timeoutMs: number,
): OomNews {
  const bits = checked(call("oom_wait", [watch, version, pidfd, timeoutMs]), "poll for OOM events");
  return { changed: (bits & 1) !== 0, ended: (bits & 2) !== 0 };
}
