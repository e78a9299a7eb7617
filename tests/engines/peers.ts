/**
 * Which runtimes an engine is run with besides kago. What an emulated host gets from a Debian release stays the same
 * from day to day, and so does what the engine does with that release's runc or crun; finding it again would take half
 * of such a suite's time.
 */
import type { EngineCase, Runtime } from "./engine_case.ts";
import type { SuiteResult } from "./outcomes.ts";

/** The value `all` of this variable runs all of them, as `deno task test:engines:v2` and `test:next` do. */
export const PEERS = "ENGINE_PEERS";

/** The run that is planned. */
interface Wanted {
  readonly emulated: boolean;
  /** The engine's version, as in SuiteResult. */
  readonly version: string;
  readonly cases: readonly Pick<EngineCase<never>, "command" | "only">[];
}

/**
 * The ones of `peers` that are needed: on an emulated host, if the last run was with another version of the engine, or
 * lacked a case of this run; on any other host, all.
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
