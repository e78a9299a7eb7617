/** Sockets that a service manager hands to kago for the container's program (sd_listen_fds(3)). */

/** How many descriptors from 3 on are such sockets: none when they are meant for another process. */
export function inheritedListenFds(pid: string | undefined, count: string | undefined): number {
  if (pid !== `${Deno.pid}` || count === undefined || !/^[1-9][0-9]{0,3}$/.test(count)) return 0;
  return Number(count);
}
