/** The table of the microVMs' figures, and which goals are reached. Measures nothing. */
import type { MicrovmFigures, Round } from "./microvm.ts";
import { median, pairedRatios, spreadOf } from "./statistics.ts";

/** The goal for the ratio of kago's time to the first line to crun's, as the median of the pairs' ratios. */
const FIRST_LINE_TO_CRUN = 0.95;

export interface MicrovmRun {
  /** ISO 8601, in UTC. */
  readonly date: string;
  readonly kernel: string;
  readonly emulated: boolean;
  readonly kago: MicrovmFigures;
  readonly crun: MicrovmFigures;
}

/** One sentence for each missed goal. */
export function microvmMisses(run: MicrovmRun): string[] {
  const ratio = median(firstLineRatios(run));
  const misses = ratio > FIRST_LINE_TO_CRUN
    ? [`the first line takes ${ratio.toFixed(2)} times crun's time, at most ${FIRST_LINE_TO_CRUN}`]
    : [];
  for (const figure of ["rss", "pss"] as const) {
    const [kago, crun] = [run.kago, run.crun].map((figures) => median(samples(figures, figure)));
    if (kago! <= crun!) continue;
    misses.push(`the VMM's ${figure} is ${mib(kago!)} MiB, crun's ${mib(crun!)}`);
  }
  return misses;
}

export function microvmMarkdown(run: MicrovmRun): string {
  const { kago, crun, date, kernel, emulated } = run;
  const milliseconds = (value: number) => value.toFixed();
  const rows = [kago, crun].map((figures) => {
    const before = figures.rounds.map(({ firstLine, inGuest }) => firstLine - inGuest);
    return [
      `| ${figures.name}`,
      spread(samples(figures, "firstLine"), milliseconds),
      spread(before, milliseconds),
      spread(samples(figures, "rss"), mib),
      `${spread(samples(figures, "pss"), mib)} |`,
    ].join(" | ");
  });
  const ratios = spread(firstLineRatios(run), (ratio) => ratio.toFixed(2));
  const misses = microvmMisses(run);
  return [
    `${date}: Linux ${kernel}${
      emulated ? ", emulated" : ""
    }, ${kago.rounds.length} pairs; medians (quartiles).`,
    "",
    "| | run to the first line, ms | of it outside the guest | VMM, Rss MiB | VMM, Pss MiB |",
    "|---|---:|---:|---:|---:|",
    ...rows,
    "",
    `First line, kago / crun: ${ratios}. ` +
    (misses.length === 0 ? "The goals are reached." : `Goals missed: ${misses.join("; ")}.`),
  ].join("\n");
}

function samples({ rounds }: MicrovmFigures, figure: keyof Round): number[] {
  return rounds.map((round) => round[figure]);
}

function firstLineRatios({ kago, crun }: MicrovmRun): number[] {
  return pairedRatios(samples(kago, "firstLine"), samples(crun, "firstLine"));
}

function spread(values: readonly number[], text: (value: number) => string): string {
  const { median, low, high } = spreadOf(values);
  return `${text(median)} (${text(low)}–${text(high)})`;
}

function mib(kib: number): string {
  return (kib / 1024).toFixed(1);
}
