/**
 * Notifications of a cgroup that runs out of memory: v1 signals an eventfd (admin-guide/cgroup-v1/memory.rst, "OOM
 * Control"), v2 makes memory.events pollable (admin-guide/cgroup-v2.rst, "memory.events").
 */
import {
  closeFd,
  eventFd,
  openToRead,
  poll,
  POLLIN,
  POLLNVAL,
  POLLPRI,
  readAway,
} from "../../../ffi/descriptors.ts";
import { EAGAIN, EBADF, ENODEV } from "../../common/errno.ts";
import { SyscallError } from "../../common/errors.ts";
import { syscallError } from "../errors.ts";

export interface OomNews {
  /** An event of the cgroup's memory, not always an OOM; on v1 also the removal of the cgroup. */
  readonly changed: boolean;
  readonly ended: boolean;
}

/**
 * Watches a cgroup folder for OOM events: returns a descriptor for waitForOom().
 * @throws {SyscallError}
 */
export function watchOom(path: string, version: 1 | 2): number {
  const what = `watch the memory of ${path}`;
  const fd = version === 1 ? eventFd() : openToRead(`${path}/memory.events`, what);
  try {
    if (version === 1) register(path, fd, what);
    // poll(2) waits for the next change only after the file was read.
    else checkRead(readAway(fd, true), what);
    return fd;
  } catch (error) {
    closeFd(fd);
    throw error;
  }
}

function register(path: string, event: number, what: string): void {
  const control = openToRead(`${path}/memory.oom_control`, what);
  try {
    const file = `${path}/cgroup.event_control`;
    Deno.writeTextFileSync(file, `${event} ${control}`, { create: false });
  } catch (error) {
    throw syscallError(what, error);
  } finally {
    closeFd(control); // the kernel keeps what it needs of it
  }
}

const WAIT = "poll for OOM events";

/**
 * Waits at most `timeoutMs` for an event of `watch`, unless that is -1, and for the exit of the process `pidfd`.
 * @throws {SyscallError}
 */
export function waitForOom(
  watch: number,
  version: 1 | 2,
  pidfd: number,
  timeoutMs: number,
): OomNews {
  // A file of the cgroup filesystem is always readable, so POLLIN cannot be used.
  const news = { fd: watch, events: version === 1 ? POLLIN : POLLPRI };
  const end = { fd: pidfd, events: POLLIN };
  const [changed = 0, ended = 0] = poll([news, end], timeoutMs) ?? [];
  if ((changed | ended) & POLLNVAL) throw new SyscallError(WAIT, EBADF);
  // ENODEV: the cgroup is gone, and its Init with it.
  if (changed) checkRead(readAway(watch, version === 2), WAIT, [EAGAIN, ENODEV]);
  return { changed: changed !== 0, ended: ended !== 0 };
}

function checkRead(result: number, what: string, harmless: readonly number[] = []): void {
  if (result < 0 && !harmless.includes(-result)) throw new SyscallError(what, -result);
}
