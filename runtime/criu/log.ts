/** What criu's log has to say of a failure. */

/**
 * The last error in the text of a log, without the time and a full stop: `Error (criu/vdso.c:613): vdso: …`. The lines before it name
 * causes, those after it only that the whole has failed.
 */
export function lastError(log: string): string | undefined {
  const errors = log.split("\n").map((line) => line.replace(/^\(\s*[\d.]+\)\s*(\d+:\s*)?/, ""))
    .filter((line) => line.startsWith("Error ("));
  const error = errors.findLast((line) => !OUTCOME.test(line)) ?? errors.at(-1);
  return error?.replace(/\.$/, "");
}

/** `Dumping FAILED.`, `Restoring FAILED.` */
const OUTCOME = /\bFAILED\.$/;
