/** How a script of the project ends. It owns how a failure is told, not what the script does. */

/** Faults of the script itself, whose stack is what helps. */
const FAULTS = [TypeError, RangeError, ReferenceError, SyntaxError];

/**
 * Runs a script's main function and exits with its code, 0 for none.
 * A failure is one sentence on standard error behind the script's name, and exit code 1.
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

/** What is said of a failure: the message, or all there is where the script itself is at fault. */
export function failureText(script: string, error: unknown): string {
  const isFault = !(error instanceof Error) || FAULTS.some((kind) => error instanceof kind);
  return `${script}: ${isFault ? Deno.inspect(error) : error.message}`;
}
