/** Undoes steps after an error. */

/** Undoes the latest step first; failures are attached to the error and do not replace it. */
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
