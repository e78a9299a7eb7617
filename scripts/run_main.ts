/** Runs a script of the project, and reports its failure. */

/** Bugs of the script itself, for which the stack is printed. */
const FAULTS = [TypeError, RangeError, ReferenceError, SyntaxError];

/**
 * Runs a script's main function and exits with its code, 0 for none. A failure is reported as one sentence on standard
 * error after the script's name, with exit code 1.
 */
export async function runMain(
  script: string,
  main: () => Promise<number | void> | number | void,
): Promise<never> {
  try {
    Deno.exit(await main() ?? 0);
  } catch (error) {
    console.error(failureText(script, error));
    Deno.exit(1);
  }
}

/** The text of a failure: the message, or all details for a bug of the script itself. */
export function failureText(script: string, error: unknown): string {
  const isFault = !(error instanceof Error) || FAULTS.some((kind) => error instanceof kind);
  return `${script}: ${isFault ? Deno.inspect(error) : error.message}`;
}
