/**
 * Which runtimes an engine is run with beside kago. What an emulated host gets from a Debian release stays the same from
 * day to day, and so does what the engine does with that release's runc or crun; half of such a suite's time would go
 * into finding it again.
 */
import type { EngineCase, Runtime } from "./engine_case.ts";
import type { SuiteResult } from "./outcomes.ts";

/** `all` in this variable runs all of them, as `deno task test:engines:v2` and `test:next` do. */
export const PEERS = "ENGINE_PEERS";

/** What is to be run. */
interface Wanted {
  readonly emulated: boolean;
  /** The engine's, as SuiteResult has it. */
  readonly version: string;
  readonly cases: readonly Pick<EngineCase<never>, "command" | "only">[];
}

/**
 * Those of `peers` that are needed: on an emulated host, where the last run was of another version of the engine, or without a
 * case that is to be tried now; on any other host, all.
 */
export function neededPeers(
  peers: readonly Runtime[],
  { emulated, version, cases }: Wanted,
  last: SuiteResult | undefined,
): Runtime[] {
  if (!emulated || Deno.env.get(PEERS) === "all" || last?.version !== version) return [...peers];
  const compared = cases.filter(({ only }) => !only);
  return peers.filter((peer) =>
    compared.some(({ command }) => last.outcomes[command]?.[peer] === undefined)
  );
}
