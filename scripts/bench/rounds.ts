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
 * with another one. In the end, whatever it is, no container is left.
 */
export async function measureRounds(
  contenders: readonly Contender[],
  measure: Measure,
  options: RoundOptions,
): Promise<Results> {
  const failures: unknown[] = [];
  let results: Results | undefined;
  try {
    for (const contender of contenders) {
      options.signal?.throwIfAborted();
      await contender.prepare();
    }
    results = await repeat(contenders, measure, options);
  } catch (error) {
    failures.push(error);
  }
  failures.push(...await cleanUpAll(contenders));
  if (results && failures.length === 0) return results;
  if (failures.length === 1) throw failures[0];
  throw new AggregateError(failures, "the benchmark failed, and so did its clean-up");
}

async function repeat(
  contenders: readonly Contender[],
  measure: Measure,
  options: RoundOptions,
): Promise<Results> {
  const results = new Map(contenders.map(({ name }) => [name, emptySamples()]));
  for (let round = 1 - options.warmUp; round <= options.rounds; round++) {
    for (const contender of rotate(contenders, round + options.warmUp)) {
      options.signal?.throwIfAborted();
      const samples = await measureOne(contender, measure, options.signal);
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

async function measureOne(contender: Contender, measure: Measure, signal?: AbortSignal) {
  try {
    return await contender.measureRound(measure);
  } catch (error) {
    // Ctrl-C also ends the measured command: the interruption is then the reason to name.
    signal?.throwIfAborted();
    throw error;
  }
}

async function cleanUpAll(contenders: readonly Contender[]): Promise<unknown[]> {
  const failures: unknown[] = [];
  for (const { name, cleanUp } of contenders) {
    try {
      await cleanUp();
    } catch (cause) {
      failures.push(new Error(`the clean-up of ${name} failed`, { cause }));
    }
  }
  return failures;
}

function emptySamples(): Record<Step, Sample[]> {
  return Object.fromEntries(STEPS.map((step) => [step, []])) as unknown as Record<Step, Sample[]>;
}

/** The list from its element `by` (modulo its length) on, then those before. */
export function rotate<T>(list: readonly T[], by: number): T[] {
  const first = by % list.length;
  return [...list.slice(first), ...list.slice(0, first)];
}
