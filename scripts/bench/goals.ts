/** The goals for kago's speed and size, as a table, and which of them a run reached. Measures nothing. */
import { ALONE, CROWD, HUNDRED, TEN } from "./cases.ts";
import { CRUN, KAGO, RUNC } from "./contenders.ts";
import type { MemoryRow, Row, Samples } from "./samples.ts";
import { median, pairedRatios } from "./statistics.ts";

type Figure = "wall" | "cpu" | "private";

interface Goal {
  /** Absent: every case. */
  readonly cases?: readonly string[];
  readonly ways: readonly string[];
  readonly figure: Figure;
  /** The contender to whose figure kago's is compared; absent: the limit applies to the figure itself. */
  readonly of?: string;
  /** A ratio (the median of the rounds' ratios), or MiB. */
  readonly limit: number;
  /** The value must be below the limit. */
  readonly below?: true;
}

const ROWS = [ALONE.name, TEN.name];
const SHORT = [
  ...["start", "state", "pause", "resume", "kill"],
  ...["delete", "delete --force", "delete --force, gone"],
];

export const GOALS: readonly Goal[] = [
  { cases: SHORT, ways: ROWS, figure: "wall", of: RUNC, limit: 0.25 },
  { cases: SHORT, ways: ROWS, figure: "wall", of: CRUN, limit: 1, below: true },
  { cases: ["run"], ways: [ALONE.name], figure: "wall", of: RUNC, limit: 0.95 },
  { cases: ["run"], ways: [TEN.name], figure: "wall", of: RUNC, limit: 1 },
  { cases: ["run"], ways: ROWS, figure: "cpu", of: RUNC, limit: 0.9 },
  { cases: ["exec"], ways: ROWS, figure: "wall", of: RUNC, limit: 1 },
  { cases: ["life, podman", "life, ctr"], ways: ROWS, figure: "cpu", of: RUNC, limit: 0.8 },
  { cases: ["run"], ways: [HUNDRED.name], figure: "wall", of: RUNC, limit: 0.9 },
  { cases: ["run"], ways: [HUNDRED.name], figure: "cpu", of: RUNC, limit: 0.9 },
  { cases: [`list of ${CROWD}`], ways: ROWS, figure: "wall", of: RUNC, limit: 0.5 },
  { ways: [ALONE.name], figure: "private", limit: 8 },
];

/** A goal in one row of the table. */
export interface Verdict extends Omit<Goal, "cases" | "ways"> {
  readonly case: string;
  readonly way: string;
  readonly value: number;
  readonly reached: boolean;
}

/** The verdicts on the samples; without a contender's figures there is no verdict. */
export function judge(samples: Samples): Verdict[] {
  return GOALS.flatMap(({ cases, ways, ...goal }) => {
    const { figure, of, limit, below } = goal;
    const rows = figure === "private" ? samples.memory : samples.rows;
    const own = rows.filter((row) =>
      row.contender === KAGO && (cases?.includes(row.case) ?? true) &&
      (!("way" in row) || ways.includes(row.way))
    );
    return own.flatMap((row): Verdict[] => {
      const value = valueOf(row, figure, of, samples);
      if (value === undefined) return [];
      const way = "way" in row ? row.way : ALONE.name;
      const reached = below ? value < limit : value <= limit;
      return [{ case: row.case, way, ...goal, value, reached }];
    });
  });
}

function valueOf(
  row: Row | MemoryRow,
  figure: Figure,
  of: string | undefined,
  { rows }: Samples,
): number | undefined {
  if (!("way" in row)) return median(row.privateKiB) / 1024;
  const other = rowOf(rows, row.case, row.way, of!);
  return other && ratioOf(row, other, figure === "cpu" ? "cpu" : "wall");
}

export function rowOf(
  rows: readonly Row[],
  name: string,
  way: string,
  contender: string,
): Row | undefined {
  return rows.find((row) => row.case === name && row.way === way && row.contender === contender);
}

/** The median of the rounds' ratios. */
export function ratioOf(row: Row, other: Row, figure: "wall" | "cpu"): number {
  return median(pairedRatios(row[figure], other[figure]));
}

/** For a cell of the figure's table. */
export function goalText({ of, limit, below }: Verdict): string {
  if (of === undefined) return `at most ${limit} MiB`;
  return below ? `faster than ${of}` : `at most ${limit} × ${of}`;
}

/** One sentence for each missed goal. */
export function missText(verdict: Verdict): string {
  const { figure, of, value, limit } = verdict;
  const name = `${verdict.case}, ${verdict.way}`;
  if (of === undefined) {
    return `${name}: ${value.toFixed(1)} MiB of private memory, at most ${limit}`;
  }
  const what = figure === "cpu" ? "processor time" : "time";
  return `${name}: ${value.toFixed(2)} times the ${what} of ${of}, the limit is ${limit}`;
}
