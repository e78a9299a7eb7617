/** Repeats the contenders' rounds fairly and collects the samples. */
import { type Contender, type Step, STEPS } from "./contenders.ts";
import type { Measure, Sample } from "./measure.ts";

/** All samples of one contender; a step that it does not have is empty. */
export type Samples = Readonly<Record<Step, readonly Sample[]>>;
export type Results = ReadonlyMap<string, Samples>;

export interface RoundOptions {
  readonly rounds: number;
  /** Rounds before these that are not counted: they fill the page cache. */
  readonly warmUp: number;
  /** Called after each round, from 1. */
  readonly onRound?: (round: number) => void;
  /** Ends the run between two contenders; it then throws the signal's reason. */
  readonly signal?: AbortSignal;
}

/**
 * Measures all contenders in each round, so that a slower minute of the machine hits all of them, and starts each round
 * with another one. Containers that a failure left are removed.
 */
export async function measureRounds(
  contenders: readonly Contender[],
  measure: Measure,
  options: RoundOptions,
): Promise<Results> {
  const results = new Map(contenders.map(({ name }) => [name, emptySamples()]));
  for (let round = 1 - options.warmUp; round <= options.rounds; round++) {
    for (const contender of rotate(contenders, round + options.warmUp)) {
      options.signal?.throwIfAborted();
      const samples = await measureOrCleanUp(contender, measure, options.signal);
      if (round < 1) continue;
      for (const step of STEPS) {
        const sample = samples[step];
        if (sample !== undefined) results.get(contender.name)![step].push(sample);
      }
    }
    if (round >= 1) options.onRound?.(round);
  }
  return results;
}

async function measureOrCleanUp(contender: Contender, measure: Measure, signal?: AbortSignal) {
  try {
    return await contender.measureRound(measure);
  } catch (error) {
    try {
      await contender.cleanUp();
    } catch (cleanUpError) {
      const message = `${contender.name} failed, and so did its clean-up`;
      throw new AggregateError([error, cleanUpError], message);
    }
    // Ctrl-C also ends the measured command: the interruption is then the reason to name.
    signal?.throwIfAborted();
    throw error;
  }
}

function emptySamples(): Record<Step, Sample[]> {
  return Object.fromEntries(STEPS.map((step) => [step, []])) as unknown as Record<Step, Sample[]>;
}

/** The list from its element `by` (modulo its length) on, then those before. */
export function rotate<T>(list: readonly T[], by: number): T[] {
  const first = by % list.length;
  return [...list.slice(first), ...list.slice(0, first)];
}
