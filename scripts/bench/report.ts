/** A run's figures as JSON and as Markdown. Measures nothing. */
import { WAYS } from "./cases.ts";
import type { Conditions } from "./conditions.ts";
import { KAGO } from "./contenders.ts";
import { goalText, judge, rowOf, type Verdict } from "./goals.ts";
import type { Failure, Row, Samples } from "./samples.ts";
import { median, pairedRatios, type Spread, spreadOf } from "./statistics.ts";

/** A run in its file: all samples, so that figures can be computed again. */
export interface Run {
  readonly conditions: Conditions;
  readonly samples: Samples;
}

/** The run with its figures and verdicts, as JSON. */
export function asJson(run: Run): string {
  const figures = run.samples.rows.map((row) => ({
    ...{ case: row.case, way: row.way, contender: row.contender },
    wallMs: spreadOf(row.wall),
    cpuMs: spreadOf(row.cpu),
    ratios: ratiosOf(row, run.samples),
  }));
  return JSON.stringify({ ...run, figures, goals: judge(run.samples) }, null, 1) + "\n";
}

/** The ratios to all other contenders. */
function ratiosOf(row: Row, { rows }: Samples) {
  return Object.fromEntries(
    rows.filter((other) =>
      other.case === row.case && other.way === row.way && other.contender !== row.contender
    ).map((other) => [other.contender, {
      wall: spreadOf(pairedRatios(row.wall, other.wall)),
      cpu: spreadOf(pairedRatios(row.cpu, other.cpu)),
    }]),
  );
}

/** The conditions, a table of times and one of memory. */
export function markdown({ conditions, samples }: Run): string {
  const names = Object.keys(conditions.versions);
  const verdicts = judge(samples);
  const reached = verdicts.filter((verdict) => verdict.reached).length;
  return [
    conditionsText(conditions),
    "",
    ...timesTable("ms of one container, median (quartiles)", "wall", names, samples, verdicts),
    "",
    ...timesTable("ms of processor time of one container", "cpu", names, samples, verdicts),
    "",
    ...table(
      ["memory at the end, MiB: private + shared", ...names, "goal"],
      memoryOf(samples, names, verdicts),
    ),
    "",
    `${reached} of ${verdicts.length} goals are reached.`,
    ...samples.failures.map(failureText),
  ].join("\n");
}

function failureText({ contender, cases, said }: Failure): string {
  return `\nWithout ${contender}: ${cases.join("; ")}. It said: ${said.split("\n")[0]}`;
}

function conditionsText(conditions: Conditions): string {
  const { kernel, release, processors, cgroups, versions, rounds, date } = conditions;
  const share = Math.max(...conditions.othersShare);
  const names = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  const load = conditions.load.map((value) => value.toFixed(2)).join(" before and ");
  return `${date}: ${
    names.join(", ")
  }; ${release}, Linux ${kernel}, cgroup ${cgroups}, ${processors}; ` +
    `${rounds} rounds; load average ${load} after; others took ${
      percent(share)
    } of the processors.`;
}

export function percent(share: number): string {
  return `${(share * 100).toFixed()} %`;
}

/** A line for each case and way. */
function timesTable(
  title: string,
  figure: "wall" | "cpu",
  names: readonly string[],
  { rows }: Samples,
  verdicts: readonly Verdict[],
): string[] {
  const others = names.filter((name) => name !== KAGO);
  const lines = [...new Set(rows.map((row) => row.case))].flatMap((name) =>
    WAYS.filter((way) => rows.some((row) => row.case === name && row.way === way.name))
      .map(({ name: way }) => {
        const valuesOf = (contender: string) => rowOf(rows, name, way, contender)?.[figure];
        const goals = verdicts.filter((one) =>
          one.case === name && one.way === way && one.figure === figure
        );
        return [
          `${name}, ${way}`,
          ...names.map((contender) => timeText(valuesOf(contender))),
          ...others.map((contender) => ratioText(valuesOf(KAGO), valuesOf(contender))),
          goalsText(goals),
        ];
      })
  );
  return table([title, ...names, ...others.map((name) => `${KAGO} / ${name}`), "goals"], lines);
}

function timeText(values: readonly number[] | undefined): string {
  return values ? spreadText(spreadOf(values), 1) : "";
}

function ratioText(
  values: readonly number[] | undefined,
  others: readonly number[] | undefined,
): string {
  return values && others ? spreadText(spreadOf(pairedRatios(values, others)), 2) : "";
}

function spreadText({ median, low, high }: Spread, digits: number): string {
  const [middle, from, to] = [median, low, high].map((value) => value.toFixed(digits));
  return `${middle} (${from}–${to})`;
}

function memoryOf({ memory }: Samples, names: readonly string[], verdicts: readonly Verdict[]) {
  const cases = [...new Set(memory.map((row) => row.case))];
  const mib = (values: readonly number[]) => (median(values) / 1024).toFixed(1);
  return cases.map((name) => [
    name,
    ...names.map((contender) => {
      const row = memory.find((row) => row.case === name && row.contender === contender);
      return row ? `${mib(row.privateKiB)} + ${mib(row.sharedKiB)}` : "";
    }),
    goalsText(verdicts.filter((one) => one.case === name && one.figure === "private")),
  ]);
}

function goalsText(verdicts: readonly Verdict[]): string {
  return verdicts.map((verdict) =>
    `${goalText(verdict)}: ${verdict.reached ? "reached" : "**missed**"}`
  ).join("; ");
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const last = head.length - 1;
  const rule = head.map((_, at) => at === 0 || at === last ? "---" : "---:");
  return [head, rule, ...rows].map((cells) => `| ${cells.join(" | ")} |`);
}

const BEGIN = "<!-- bench: deno task bench --readme -->";
const END = "<!-- /bench -->";

/** `page` with the text between its two marks replaced. @throws {Error} when it lacks them. */
export function intoPage(page: string, text: string): string {
  const [before, rest] = page.split(`${BEGIN}\n`);
  const after = rest?.split(`\n${END}`)[1];
  if (after === undefined) throw new Error(`the page has no place for figures, ${BEGIN} to ${END}`);
  return `${before}${BEGIN}\n\n${text}\n\n${END}${after}`;
}
