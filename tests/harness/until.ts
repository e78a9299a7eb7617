/** Milliseconds between two checks. */
const SHORTEST = 20;
const LONGEST = 3000;

/**
 * Waits until a condition holds, which may take long on a busy or emulated machine. Pauses as long as the last check
 * took, within bounds, because on a host with one processor a check takes time from the awaited process.
 * @param seconds after which it throws.
 * @throws {Error} with `what`, or its result at that time.
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
