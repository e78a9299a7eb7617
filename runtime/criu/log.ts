/** The reason of a failure, from criu's log. */

/**
 * The last error in the text of a log, without the time and a full stop: `Error (criu/vdso.c:613): vdso: …`. Only
 * errors before the line that reports the failure as a whole count: those after it are about the rollback.
 */
export function lastError(log: string): string | undefined {
  const errors = log.split("\n").map((line) => line.replace(/^\(\s*[\d.]+\)\s*(\d+:\s*)?/, ""))
    .filter((line) => line.startsWith("Error ("));
  const outcome = errors.findIndex((line) => OUTCOME.test(line));
  const error = errors[outcome > 0 ? outcome - 1 : outcome] ?? errors.at(-1);
  return error?.replace(/\.$/, "");
}

/** `Dumping FAILED.`, `Restoring FAILED.` */
const OUTCOME = /\bFAILED\.$/;
