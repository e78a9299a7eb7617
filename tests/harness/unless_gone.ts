/**
 * What `look` finds of a process, thread or descriptor, undefined when that has gone: ENOENT when it is opened, ESRCH, for
 * which Deno has no class, when it is read.
 */
export function unlessGone<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    if (error instanceof Error && error.message.includes("(os error 3)")) return undefined;
    throw error;
  }
}
