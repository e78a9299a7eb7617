/**
 * The result of `look` at a process, thread or descriptor; undefined if that has gone: ENOENT on opening, or ESRCH, for
 * which Deno has no class, on reading.
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
