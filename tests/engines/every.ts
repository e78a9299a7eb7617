/** Runs several actions to the end, even when one fails. */

/** Waits for all of them. @throws when all have ended, unlike Promise.all(), which leaves the others running. */
export async function every<T>(promises: readonly Promise<T>[]): Promise<T[]> {
  const results = await Promise.allSettled(promises);
  throwAll(results.flatMap((result) => result.status === "rejected" ? [result.reason] : []));
  return await Promise.all(promises);
}

/** Runs the steps one after the other. @throws after the last one, what any of them threw. */
export async function inTurn(...steps: readonly (() => Promise<unknown>)[]): Promise<void> {
  const errors: unknown[] = [];
  for (const step of steps) {
    try {
      await step();
    } catch (error) {
      errors.push(error);
    }
  }
  throwAll(errors);
}

function throwAll(errors: readonly unknown[]): void {
  if (errors.length === 1) throw errors[0];
  if (errors.length > 1) throw new AggregateError(errors, `${errors.length} errors`);
}
