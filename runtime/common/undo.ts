/** Taking back what was done before an error. */

/** Undoes the latest first; what fails on the way is attached to the error, never in its place. */
export function undoAll(undo: readonly (() => void)[], error: unknown): unknown {
  const failures: unknown[] = [];
  for (const step of undo.toReversed()) {
    try {
      step();
    } catch (failure) {
      failures.push(failure);
    }
  }
  if (failures.length > 0 && error instanceof Error) {
    error.cause = new AggregateError([error.cause, ...failures], "cleaning up failed too");
  }
  return error;
}
