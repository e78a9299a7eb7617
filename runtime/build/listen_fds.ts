/** Sockets that a service manager hands to kago for the container's program (sd_listen_fds(3)). */

/**
 * How many descriptors from 3 on are such sockets: none when they are meant for another process.
 * @param warn is told of a count without a process; crun takes those for its own.
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
