/** What criu's log has to say of a failure. */

/**
 * The last error in the text of a log, without the time and a full stop: `Error (criu/vdso.c:613): vdso: …`. Of those before the
 * one that says that the whole has failed, for those after it are about the way back.
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
