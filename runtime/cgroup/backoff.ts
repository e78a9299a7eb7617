/** Waits for the kernel without an event loop, for states that must be polled. */

/** Blocks the process for this number of milliseconds. */
export function sleep(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}

/**
 * Calls `attempt` until it returns true, after pauses of 1, 2, 4 … 64 ms that block the process.
 * @param patience the sum of the pauses in milliseconds: time in which the whole machine is suspended does not count.
 * @returns false when it never returned true.
 */
export function retry(patience: number, attempt: () => boolean): boolean {
  for (let left = patience, pause = 1;; left -= pause, pause = Math.min(pause * 2, 64)) {
    if (attempt()) return true;
    if (pause > left) return false;
    sleep(pause);
  }
}
