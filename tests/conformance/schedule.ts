/** Runs tasks beside each other as far as they allow it. Knows nothing of what they do. */

export interface Task {
  /** Whether it must not run beside another task that says so too. */
  readonly exclusive: boolean;
  run(): Promise<void>;
}

/**
 * Runs all tasks, at most `width` at once, those in front first.
 * @throws what the first failing task throws, when the ones that run beside it have ended.
 */
export async function runBeside(tasks: readonly Task[], width: number): Promise<void> {
  const waiting = [...tasks];
  let occupied = false;
  const work = async () => {
    for (;;) {
      const index = waiting.findIndex(({ exclusive }) => !(exclusive && occupied));
      // What is left when only exclusive ones wait is for the worker that has one of them now.
      const [task] = index < 0 ? [] : waiting.splice(index, 1);
      if (!task) return;
      if (task.exclusive) occupied = true;
      try {
        await task.run();
      } catch (error) {
        waiting.length = 0;
        throw error;
      } finally {
        if (task.exclusive) occupied = false;
      }
    }
  };
  const ended = await Promise.allSettled(Array.from({ length: width }, work));
  const failed = ended.find((result) => result.status === "rejected");
  if (failed) throw failed.reason;
}
