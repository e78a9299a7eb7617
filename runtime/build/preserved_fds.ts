/** Descriptors of the caller's that `--preserve-fds` passes on to the container's program. */
import { UsageError } from "../common/errors.ts";
import { ifThere } from "../common/files.ts";

/** open(2): in the octal flags of proc_pid_fdinfo(5). */
const O_CLOEXEC = 0o2000000;

/**
 * `count`, when that many descriptors from `first` on came from the caller: a missing one would silently be something
 * else in the program, or nothing.
 * @throws {UsageError} naming the one that is not open.
 */
export function preservedFds(count: number, first = 3): number {
  for (let fd = first; fd < first + count; fd++) {
    if (isInherited(fd)) continue;
    throw new UsageError(
      `option --preserve-fds: ${count} descriptors from ${first} on are to be passed on, ` +
        `but ${fd} is not open`,
    );
  }
  return count;
}

/** What this process opened itself by now is closed on exec, what survived an exec is not. */
function isInherited(fd: number): boolean {
  const info = ifThere(() => Deno.readTextFileSync(`/proc/self/fdinfo/${fd}`));
  if (info === undefined) return false;
  const flags = parseInt(/^flags:\s+([0-7]+)$/m.exec(info)?.[1] ?? "", 8);
  return (flags & O_CLOEXEC) === 0;
}
