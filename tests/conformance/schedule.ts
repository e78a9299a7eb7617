/** Runs tasks in parallel as far as they allow it. Independent of what they do. */

export interface Task {
  /** Whether it must not run in parallel with another exclusive task. */
  readonly exclusive: boolean;
  run(): Promise<void>;
}

/**
 * Runs all tasks, at most `width` at once, the first ones first.
 * @throws what the first failing task throws, after the tasks running in parallel have ended.
 */
export async function runBeside(tasks: readonly Task[], width: number): Promise<void> {
  const waiting = [...tasks];
  let occupied = false;
  const work = async () => {
    for (;;) {
      const index = waiting.findIndex(({ exclusive }) => !(exclusive && occupied));
      // If only exclusive tasks are left, the worker that runs one of them takes them.
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
