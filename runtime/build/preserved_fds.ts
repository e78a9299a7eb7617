/** Descriptors of the caller that `--preserve-fds` passes on to the container's program. */
import { UsageError } from "../common/errors.ts";
import { ifThere } from "../common/files.ts";

/** open(2); the octal value in the flags of proc_pid_fdinfo(5). */
const O_CLOEXEC = 0o2000000;

/**
 * Returns `count` if that many descriptors from `first` on are the caller's. In place of a missing one, the program would
 * silently get another descriptor, or none.
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

/** Descriptors that this process has opened itself are close-on-exec; those that survived an exec are not. */
function isInherited(fd: number): boolean {
  const info = ifThere(() => Deno.readTextFileSync(`/proc/self/fdinfo/${fd}`));
  if (info === undefined) return false;
  const flags = parseInt(/^flags:\s+([0-7]+)$/m.exec(info)?.[1] ?? "", 8);
  return (flags & O_CLOEXEC) === 0;
}
