/** The shim's functions for cgroups. */
import { call, checked, cString, textOf } from "./shim_call.ts";

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

/** Room for the start of the verifier's log, which has a line for each instruction. */
const PROBLEM_SIZE = 2048;

/** Sets the device rules of a v2 cgroup, an open folder: 0, or the errno of what failed and its description. */
export function setDeviceFilter(
  cgroup: number,
  code: Uint8Array<ArrayBuffer>,
): { readonly errno: number; readonly problem: string } {
  const text = new Uint8Array(PROBLEM_SIZE);
  const result = call("set_device_filter", [cgroup, code.length, text.length], code, text);
  const problem = textOf(text).trim().replaceAll("\n", ", ");
  return { errno: result < 0 ? -result : 0, problem };
}
