/** Waiting for the kernel without an event loop, for what it reports only when asked again. */

/** Blocks the process for so many milliseconds. */
export function sleep(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}

/**
 * Calls `attempt` until it returns true, after pauses of 1, 2, 4 … 64 ms that block the process.
 * @param patience in milliseconds.
 * @returns false when it never did.
 */
export function retry(patience: number, attempt: () => boolean): boolean {
  const deadline = performance.now() + patience;
  for (let pause = 1;; pause = Math.min(pause * 2, 64)) {
    if (attempt()) return true;
    if (performance.now() + pause > deadline) return false;
    sleep(pause);
  }
}
