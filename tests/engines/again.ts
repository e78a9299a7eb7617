/** Retries an action when a guest has ended by a triple fault, as it can in an emulation within an emulation. */
import { tripleFaults } from "../e2e/harness/triple_faults.ts";
import { EMULATED } from "../harness/emulated.ts";

/** The number of retries left, per file of tests. */
let left = 2;

/**
 * Runs the attempt. If it fails and a guest of this emulated host has ended by a triple fault meanwhile, runs `cleanUp`
 * and the attempt again; each retry is printed.
 */
export async function againAfterTripleFault(
  attempt: () => Promise<void>,
  cleanUp: () => Promise<unknown> = () => Promise.resolve(),
): Promise<void> {
  const before = EMULATED ? tripleFaults() : 0;
  try {
    await attempt();
  } catch (error) {
    if (!EMULATED || left === 0 || tripleFaults() === before) throw error;
    left -= 1;
    console.error(`tried again after a guest's triple fault: ${error}`);
    await cleanUp();
    await againAfterTripleFault(attempt, cleanUp);
  }
}
