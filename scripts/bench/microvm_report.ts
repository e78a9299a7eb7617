/** The table of the microVMs' figures, and which goals are reached. Measures nothing. */
import type { MicrovmFigures } from "./microvm.ts";
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
export function microvmMisses({ kago, crun }: MicrovmRun): string[] {
  const ratio = median(pairedRatios(kago.firstLine, crun.firstLine));
  const misses = ratio > FIRST_LINE_TO_CRUN
    ? [`the first line takes ${ratio.toFixed(2)} times crun's time, at most ${FIRST_LINE_TO_CRUN}`]
    : [];
  for (const figure of ["rss", "pss"] as const) {
    if (kago[figure] <= crun[figure]) continue;
    misses.push(`the VMM's ${figure} is ${mib(kago[figure])} MiB, crun's ${mib(crun[figure])}`);
  }
  return misses;
}

export function microvmMarkdown(run: MicrovmRun): string {
  const { kago, crun, date, kernel, emulated } = run;
  const rows = [kago, crun].map(({ name, firstLine, rss, pss }) => {
    const { median, low, high } = spreadOf(firstLine);
    const time = `${median.toFixed()} (${low.toFixed()}–${high.toFixed()})`;
    return `| ${name} | ${time} | ${mib(rss)} | ${mib(pss)} |`;
  });
  const { median, low, high } = spreadOf(pairedRatios(kago.firstLine, crun.firstLine));
  const misses = microvmMisses(run);
  return [
    `${date}: Linux ${kernel}${emulated ? ", emulated" : ""}, ${kago.firstLine.length} pairs.`,
    "",
    "| | run to the first line, ms: median (quartiles) | VMM, Rss MiB | VMM, Pss MiB |",
    "|---|---:|---:|---:|",
    ...rows,
    "",
    `First line, kago / crun: ${median.toFixed(2)} (${low.toFixed(2)}–${high.toFixed(2)}). ` +
    (misses.length === 0 ? "The goals are reached." : `Goals missed: ${misses.join("; ")}.`),
  ].join("\n");
}

function mib(kib: number): string {
  return (kib / 1024).toFixed(1);
}
