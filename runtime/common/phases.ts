/**
 * What a command spends its time on, for `--debug`. The one thing here that is the same for the whole process: main.ts says who
 * hears of it, and whoever has done a step says so. Without a listener nothing is done.
 */

type Listener = (message: string) => void;

let listener: Listener | undefined;
let last = 0;

/** Milliseconds count from the program's start. */
export function onPhase(tell: Listener): void {
  listener = tell;
  last = 0;
}

/** Does anybody hear of what is told? */
export function isHeard(): boolean {
  return listener !== undefined;
}

/** Something that only `--debug` is about. */
export function tell(message: string): void {
  listener?.(message);
}

/** A step has been done: how long it took, since the one before, and when that was. */
export function phase(name: string): void {
  if (!listener) return;
  const now = performance.now();
  listener(`${name}: ${(now - last).toFixed(1)} ms, ${now.toFixed(1)} ms after the start`);
  last = now;
}
