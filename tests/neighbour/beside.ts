/**
 * Runs any command beside a neighbour that sees all of the host's processes:
 *
 *   deno run -A tests/neighbour/beside.ts deno test -A tests/integration
 *
 * It prints what the neighbour got of kago's processes, and fails if it got anything, or the command fails. A kago that runs
 * in a user namespace of its caller's is not the host's root, and its caller's neighbour may reach it.
 */
import { ofRuntime } from "./hold.ts";
import { Neighbour } from "./neighbour.ts";

export interface Outcome {
  readonly success: boolean;
  /** What was got of kago's processes, in words. */
  readonly got: readonly string[];
}

/** Runs the words as a command whose output is ours, in the current directory. */
export async function runBeside([program, ...args]: readonly string[]): Promise<Outcome> {
  await using neighbour = await Neighbour.start();
  const options = { args, stdin: "null", stdout: "inherit", stderr: "inherit" } as const;
  const { success } = await new Deno.Command(program!, options).output();
  return { success, got: ofRuntime(neighbour.holds(), "kago") };
}

if (import.meta.main) {
  const { success, got } = await runBeside(Deno.args);
  for (const line of got) console.error(`a neighbour got of kago's ${line}`);
  Deno.exit(success && got.length === 0 ? 0 : 1);
}
