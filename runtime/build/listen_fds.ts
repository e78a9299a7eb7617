/** Sockets that a service manager passes to kago for the container's program (sd_listen_fds(3)). */

/**
 * The number of such sockets, from descriptor 3 on; 0 if LISTEN_PID names another process.
 * @param warn called for LISTEN_FDS without LISTEN_PID, which crun accepts.
 */
export function inheritedListenFds(
  pid: string | undefined,
  count: string | undefined,
  warn: (message: string) => void,
): number {
  if (count && !pid) {
    warn("LISTEN_FDS is set without LISTEN_PID, so no sockets are passed on: set it to kago's pid");
  }
  if (pid !== `${Deno.pid}` || count === undefined || !/^[1-9][0-9]{0,3}$/.test(count)) return 0;
  return Number(count);
}
