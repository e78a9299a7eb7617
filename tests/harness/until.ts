/** Milliseconds between two looks. */
const SHORTEST = 20;
const LONGEST = 3000;

/**
 * Waits until a condition holds; a machine that is busy, or emulated, may take long to bring it about. It rests as long as the last
 * look took, within bounds: on a host of one processor a command that looks takes its time from what is waited for.
 * @param seconds after which it throws.
 * @throws {Error} with `what`, or what it says by then.
 */
export async function until(
  what: string | (() => string),
  holds: () => boolean | Promise<boolean>,
  seconds = 240,
): Promise<void> {
  const end = performance.now() + seconds * 1000;
  for (;;) {
    const begin = performance.now();
    if (await holds()) return;
    if (performance.now() > end) {
      throw new Error(`not within ${seconds} s: ${typeof what === "string" ? what : what()}`);
    }
    const rest = Math.min(Math.max(performance.now() - begin, SHORTEST), LONGEST);
    await new Promise((resolve) => setTimeout(resolve, rest));
  }
}
