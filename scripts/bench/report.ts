/** What the samples say: the figures, the goals that they miss, and the Markdown text. Measures nothing. */
import { type Step, STEPS } from "./contenders.ts";
import type { Sample } from "./measure.ts";
import type { Results } from "./rounds.ts";
import { interquartileRange, median } from "./statistics.ts";

/** The names of the contenders that goals compare. */
export const KAGO = "kago";
export const RUNC = "runc";
export const EMPTY_SCRIPT = "empty Deno script";

/** `run` may take this many times what it takes runc, and the short commands what it takes an empty script. */
const RUN_TO_RUNC = 1.0;
const SHORT_TO_EMPTY_SCRIPT = 1.3;
const SHORT_STEPS: readonly Step[] = ["start", "state", "pause", "resume", "kill", "delete"];
/** `list` of 200 containers may take this many times what it takes for 20. */
const MANY_TO_FEW = 2.0;
const PEAK_MIB = 45;

/** The figures of one step of one contender. */
export interface Figures {
  readonly medianMs: number;
  /** The interquartile range: half of the samples lie within. */
  readonly iqrMs: number;
  /** The highest of all samples. */
  readonly peakMiB: number;
}

/** Figures by contender and step; steps without samples are left out. */
export type Summary = Readonly<Record<string, Partial<Record<Step, Figures>>>>;

export function summarize(results: Results): Summary {
  return Object.fromEntries(
    [...results].map(([name, samples]) => [
      name,
      Object.fromEntries(
        STEPS.filter((step) => samples[step].length > 0).map((
          step,
        ) => [step, figures(samples[step])]),
      ),
    ]),
  );
}

function figures(samples: readonly Sample[]): Figures {
  const times = samples.map(({ milliseconds }) => milliseconds);
  return {
    medianMs: median(times),
    iqrMs: interquartileRange(times),
    peakMiB: Math.max(...samples.map(({ peakKiB }) => peakKiB)) / 1024,
  };
}

/** One sentence for each goal that kago misses. */
export function missedGoals(summary: Summary): string[] {
  const misses: string[] = [];
  const compare = (step: Step, other: string, reference: Figures, goal: number) => {
    const ratio = summary[KAGO]![step]!.medianMs / reference.medianMs;
    if (ratio > goal) {
      misses.push(`${step} takes ${ratio.toFixed(2)} times as long as ${other}, at most ${goal}`);
    }
  };
  for (const step of ["run", "run with limits", "run with seccomp"] as const) {
    compare(step, RUNC, summary[RUNC]![step]!, RUN_TO_RUNC);
  }
  for (const step of SHORT_STEPS) {
    compare(step, `an ${EMPTY_SCRIPT}`, summary[EMPTY_SCRIPT]!.run!, SHORT_TO_EMPTY_SCRIPT);
  }
  compare("list of 200", "list of 20", summary[KAGO]!["list of 20"]!, MANY_TO_FEW);
  for (const step of STEPS) {
    const { peakMiB } = summary[KAGO]![step]!;
    if (peakMiB > PEAK_MIB) {
      misses.push(`${step} needs ${peakMiB.toFixed(1)} MiB, at most ${PEAK_MIB}`);
    }
  }
  return misses;
}

/** Two Markdown tables, times with ratios and memory, and a line about the empty script. */
export function markdown(summary: Summary): string {
  const runtimes = Object.keys(summary).filter((name) => name !== EMPTY_SCRIPT);
  const others = runtimes.filter((name) => name !== KAGO);
  const floor = summary[EMPTY_SCRIPT]!.run!;
  const times = STEPS.map((step) => {
    const own = summary[KAGO]![step]!.medianMs;
    return [
      step,
      ...runtimes.map((name) => time(summary[name]![step]!)),
      ...others.map((name) => (own / summary[name]![step]!.medianMs).toFixed(2)),
      (own / floor.medianMs).toFixed(2),
    ];
  });
  const peaks = STEPS.map((step) => [
    step,
    ...runtimes.map((name) => summary[name]![step]!.peakMiB.toFixed(1)),
  ]);
  const ratios = [...others, EMPTY_SCRIPT].map((name) => `${KAGO} / ${name}`);
  return [
    ...table(["ms, median (IQR)", ...runtimes, ...ratios], times),
    "",
    ...table(["peak memory, MiB", ...runtimes], peaks),
    "",
    `${EMPTY_SCRIPT}: ${time(floor)} ms, ${floor.peakMiB.toFixed(1)} MiB`,
  ].join("\n");
}

function time({ medianMs, iqrMs }: Figures): string {
  return `${medianMs.toFixed(1)} (${iqrMs.toFixed(1)})`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  return [head, head.map((_, i) => i === 0 ? "---" : "---:"), ...rows]
    .map((cells) => `| ${cells.join(" | ")} |`);
}
