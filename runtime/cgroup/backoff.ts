/** Waiting for the kernel without an event loop, for what it reports only when asked again. */

/** Blocks the process for so many milliseconds. */
export function sleep(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}

/**
 * Calls `attempt` until it returns true, after pauses of 1, 2, 4 … 64 ms that block the process.
 * @param patience the pauses together, in milliseconds: while the whole machine stands still, none of it is used up.
 * @returns false when it never did.
 */
export function retry(patience: number, attempt: () => boolean): boolean {
  for (let left = patience, pause = 1;; left -= pause, pause = Math.min(pause * 2, 64)) {
    if (attempt()) return true;
    if (pause > left) return false;
    sleep(pause);
  }
}
