/**
 * The time of each phase of a command, for `--debug`. The only state here that is global to the process: main.ts sets the
 * listener, and each step reports itself. Without a listener nothing is done.
 */

type Listener = (message: string) => void;

let listener: Listener | undefined;
let last = 0;

/** Sets the listener; milliseconds count from the program's start. */
export function onPhase(tell: Listener): void {
  listener = tell;
  last = 0;
}

/** Is there a listener? */
export function isHeard(): boolean {
  return listener !== undefined;
}

/** Reports a message for `--debug` only. */
export function tell(message: string): void {
  listener?.(message);
}

/** Reports a completed step: its duration since the one before, and the time. */
export function phase(name: string): void {
  if (!listener) return;
  const now = performance.now();
  listener(`${name}: ${(now - last).toFixed(1)} ms, ${now.toFixed(1)} ms after the start`);
  last = now;
}
