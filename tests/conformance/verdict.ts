/** Whether a program's outcome under kago is as expected. Runs nothing itself. */
import { compareReports } from "./compare.ts";
import type { KnownFailure, Race } from "./known.ts";
import type { Report } from "./tap.ts";

/** A report, and all output of the program. */
export type Told = Report & { readonly output: string };

/**
 * Sentences about problems, none when the program passes or fails as `known` says. A better result of runc is always a
 * problem, and so is an outdated entry.
 */
export function findProblems(kago: Told, runc: Told, known?: KnownFailure): string[] {
  const worse = compareReports(kago, runc);
  if (!known) {
    const unlisted = kago.failed.map((text) => `fails, and known.ts has no entry: ${text}`);
    return [...worse, ...unlisted];
  }
  if (kago.failed.length === 0) {
    return known.mayPass ? worse : [...worse, "passes, and known.ts has an entry: take it out"];
  }
  const unexpected = kago.failed
    .filter((text) => !known.fails.test(text))
    .map((text) => `fails, and known.ts does not expect it: ${text}`);
  if (known.mayPass && runc.failed.length === 0) return unexpected;
  const told = [known.runc, ...known.runcRace ? [known.runcRace] : []];
  const runcDiffers = told.some((text) => runc.output.includes(text))
    ? []
    : [`runc does not print what known.ts says: ${known.runc}`];
  return [...worse, ...unexpected, ...runcDiffers];
}

/** How often a program is run whose outcome is a race. */
const TRIES = 10;

/** Seconds after which it is not run again: on a slow machine a program takes minutes, and all have a time limit. */
const PATIENCE = 300;

/** The result of `runOnce`, repeated a few times while only assertions of `race` fail and `seconds` have not passed. */
export async function runRace<R extends Report>(
  race: Race | undefined,
  runOnce: () => Promise<R>,
  seconds = PATIENCE,
): Promise<R> {
  const end = performance.now() + seconds * 1000;
  for (let tries = 1;; tries++) {
    const report = await runOnce();
    const lost = report.failed.length > 0 && report.failed.every((text) => race?.fails.test(text));
    if (!lost || tries === TRIES || performance.now() >= end) return report;
  }
}
