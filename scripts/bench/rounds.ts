/** Repeats the scenes with all contenders under equal conditions, and collects the samples. */
import { ALONE, OWN_COMMANDS, type Scene, type Step, type Way, WAYS } from "./cases.ts";
import type { Contender } from "./contenders.ts";
import { Collection, type Samples } from "./samples.ts";
import { CommandError, type Measure, type Sample } from "./measure.ts";

/**
 * The pause before a command that moves processes between cgroups. The first move by `cgroup.procs` makes all forks
 * take their slow path, for which it waits a grace period of RCU (8 ms and more); for some 15 ms after that, further
 * moves need not wait. A command within that time would profit from the wait of the command before; ten in a row are
 * such commands.
 */
const REST_MS = 100;

/** How often a command's memory is read: it varies little. */
const MEMORY_ROUNDS = 3;

export interface RoundOptions {
  readonly rounds: number;
  /** Uncounted rounds at the beginning, which fill the page cache. */
  readonly warmUp: number;
  /** Contenders whose failure ends the run; others only lose the scene. */
  readonly needed: readonly string[];
  /** Called after each round, from 1. */
  readonly onRound?: (round: number) => void;
  /** Ends the run between two scenes; the run then throws the signal's reason. */
  readonly signal?: AbortSignal;
}

/**
 * Measures all contenders with each scene, so that a slow phase of the machine affects all of them, and starts each
 * round with another one. No container is left at the end, even after a failure.
 */
export async function measureRounds(
  contenders: readonly Contender[],
  scenes: readonly Scene[],
  measure: Measure,
  options: RoundOptions,
): Promise<Samples> {
  const failures: unknown[] = [];
  const rounds = new Rounds(contenders, scenes, measure, options);
  try {
    await rounds.run();
  } catch (error) {
    failures.push(error);
  }
  failures.push(...await cleanUpAll(contenders));
  if (failures.length === 0) return rounds.samples;
  if (failures.length === 1) throw failures[0];
  throw new AggregateError(failures, "the benchmark failed, and so did its clean-up");
}

class Rounds {
  readonly samples = new Collection();
  /** Contenders that failed in a scene, as `CONTENDER in NUMBER OF THE SCENE`. */
  readonly #out = new Set<string>();

  constructor(
    private readonly contenders: readonly Contender[],
    private readonly scenes: readonly Scene[],
    private readonly measure: Measure,
    private readonly options: RoundOptions,
  ) {}

  async run(): Promise<void> {
    const { rounds, warmUp, onRound } = this.options;
    await this.#prepareCrowds(this.scenes.filter(({ crowd }) => crowd));
    for (let round = 0; round < warmUp; round++) await this.#runWay(ALONE, round, false);
    for (let round = 0; round < MEMORY_ROUNDS; round++) {
      await this.#everyScene(
        ALONE,
        round,
        (contender, scene) => this.#readMemory(contender, scene),
      );
    }
    for (let round = 0; round < rounds; round++) {
      for (const way of WAYS.filter(({ every }) => round % every === 0)) {
        await this.#runWay(way, round / way.every, true);
      }
      onRound?.(round + 1);
    }
  }

  async #prepareCrowds(scenes: readonly Scene[]): Promise<void> {
    for (const contender of scenes.length > 0 ? this.contenders : []) {
      this.options.signal?.throwIfAborted();
      await this.#orLeaveOut(contender, scenes, () => contender.prepareCrowd(this.measure));
    }
  }

  #runWay(way: Way, turn: number, counted: boolean): Promise<void> {
    return this.#everyScene(way, turn, async (contender, scene) => {
      for (const step of scene.steps) {
        if (step.rested) await new Promise((resolve) => setTimeout(resolve, REST_MS));
        const sample = await this.#measureStep(contender, scene, step, way);
        if (counted && step.name) this.samples.addTimes(step.name, way, contender.name, sample);
      }
    });
  }

  /** Each contender in each scene that has this way, except after a failure there; `turn` determines the order. */
  async #everyScene(
    way: Way,
    turn: number,
    play: (contender: Contender, scene: Scene) => Promise<void>,
  ): Promise<void> {
    for (const scene of this.scenes.filter(({ ways }) => ways.includes(way))) {
      for (const contender of rotate(this.contenders, turn)) {
        if (this.#out.has(this.#key(contender.name, scene))) continue;
        this.options.signal?.throwIfAborted();
        await this.#orLeaveOut(contender, [scene], () => play(contender, scene));
      }
    }
  }

  #key(contender: string, scene: Scene): string {
    return `${contender} in ${this.scenes.indexOf(scene)}`;
  }

  /** Runs the action; a contender whose command fails is left out of the scenes. @throws when it is needed. */
  async #orLeaveOut(
    contender: Contender,
    scenes: readonly Scene[],
    action: () => Promise<void>,
  ): Promise<void> {
    const { needed, signal } = this.options;
    try {
      return await action();
    } catch (error) {
      // Ctrl-C also ends the measured command: the interruption is then the reason to report.
      signal?.throwIfAborted();
      if (needed.includes(contender.name) || !(error instanceof CommandError)) throw error;
      this.#leaveOut(contender, scenes, error.said);
    }
    await contender.sweep();
  }

  #leaveOut({ name: contender }: Contender, scenes: readonly Scene[], said: string): void {
    const cases = scenes.flatMap(({ steps }) => steps.flatMap(({ name }) => name ?? []));
    for (const scene of scenes) this.#out.add(this.#key(contender, scene));
    this.samples.leaveOut({ contender, cases, said });
  }

  #measureStep(
    contender: Contender,
    { crowd }: Scene,
    { commands }: Step,
    way: Way,
  ): Promise<Sample> {
    return this.measure(contender.commandLines(commands, crowd), way);
  }

  async #readMemory(contender: Contender, scene: Scene): Promise<void> {
    for (const step of scene.steps) {
      const lines = contender.commandLines(step.commands, scene.crowd);
      const ofRuntime = lines.filter(([word]) => !OWN_COMMANDS.includes(word!));
      if (!step.name || ofRuntime.length > 1) {
        await this.#measureStep(contender, scene, step, ALONE);
        continue;
      }
      const sample = await this.measure(ofRuntime, { memory: true });
      this.samples.addMemory(step.name, contender.name, sample);
    }
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

/** The list rotated to begin at index `by` (modulo its length). */
export function rotate<T>(list: readonly T[], by: number): T[] {
  const first = by % list.length;
  return [...list.slice(first), ...list.slice(0, first)];
}
