/** `--regex` of `kill` and `delete`: applies the command to all containers whose id matches. */
import { UsageError } from "../common/errors.ts";
import { listIds } from "../state/store.ts";

/**
 * Calls `act` for each container whose id matches `expression`, even if others fail.
 * @param isNamed whether the user has named `root`.
 * @throws {UsageError} for an invalid expression.
 * @throws the error of `act`; several as an AggregateError with one line.
 */
export async function forMatching(
  root: string,
  isNamed: boolean,
  expression: string,
  act: (id: string) => void | Promise<void>,
): Promise<void> {
  const pattern = parse(expression);
  const errors: unknown[] = [];
  for (const id of listIds(root, isNamed).filter((id) => pattern.test(id))) {
    try {
      await act(id);
    } catch (error) {
      errors.push(error);
    }
  }
  if (errors.length === 1) throw errors[0];
  if (errors.length === 0) return;
  const messages = errors.map((error) => error instanceof Error ? error.message : String(error));
  throw new AggregateError(errors, messages.join(", and "));
}

function parse(expression: string): RegExp {
  try {
    return new RegExp(expression);
  } catch (cause) {
    const problem = (cause as Error).message;
    throw new UsageError(`--regex: ${problem}; use the syntax of JavaScript`, { cause });
  }
}
