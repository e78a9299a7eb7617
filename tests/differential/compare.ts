/** Compares kago's results of a bundle with those of runc and crun. */
import type { Facts } from "./facts.ts";
import type { Deviation } from "./deviations.ts";

export interface Difference {
  readonly fact: string;
  /** By runtime; undefined for a runtime without the fact. */
  readonly runc: string | undefined;
  readonly crun: string | undefined;
  readonly kago: string | undefined;
}

/** The results of the three runtimes for one bundle. */
export type Results = Readonly<Record<"runc" | "crun" | "kago", Facts>>;

/**
 * The facts in which kago equals neither. If one of the others refuses a bundle that kago runs, its facts about the
 * bundle without variations (`baseline`) are used, provided the other shows that the variations do not change them.
 */
export function compare(results: Results, baseline: Results): Difference[] {
  const { kago } = results;
  const same = PEERS.filter((name) => results[name].get(OUTCOME) === kago.get(OUTCOME));
  if (same.length === 0) return [difference(OUTCOME, results)];
  const names = new Set(same.flatMap((name) => [...results[name].keys()]).concat([...kago.keys()]));
  return [...names].flatMap((fact) => {
    const unchanged = same.every((name) => results[name].get(fact) === baseline[name].get(fact));
    const shown = unchanged && same.length === 1
      ? { ...baseline, [same[0]!]: results[same[0]!], kago }
      : results;
    const agrees = PEERS.some((name) =>
      (same.includes(name) || unchanged) && shown[name].get(fact) === kago.get(fact)
    );
    return agrees ? [] : [difference(fact, shown)];
  });
}

const PEERS = ["runc", "crun"] as const;
const OUTCOME = "outcome";

/** The differences that no deviation allows in the bundle of this name. */
export function unexplained(
  differences: readonly Difference[],
  allowed: readonly Deviation[],
  bundle: string,
): Difference[] {
  return differences.filter((difference) =>
    !allowed.some((deviation) =>
      deviation.fact.test(difference.fact) && (deviation.bundle?.test(bundle) ?? true) &&
      deviation.allows(difference)
    )
  );
}

function difference(fact: string, { runc, crun, kago }: Results): Difference {
  return { fact, runc: runc.get(fact), crun: crun.get(fact), kago: kago.get(fact) };
}
