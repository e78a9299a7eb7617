/** The rows of the table: program, kago, runc. Each begins like a TAP line, so that a TAP reader can count them. */
import { summary } from "./compare.ts";
import type { Outcome } from "./program.ts";

export const HEAD = row("", "program", "kago", "runc");

/** The row of one program, with its problems below. */
export function programRow(
  program: string,
  kago: Outcome,
  runc: Outcome | undefined,
  problems: readonly string[],
): string {
  const good = problems.length === 0;
  const first = row(good ? "ok" : "not ok", program, cell(kago), runc ? cell(runc) : "not run");
  if (good) return first;
  const said = (name: string, { output }: Outcome) =>
    output.split("\n").filter(Boolean).map((line) => `    ${name} | ${line}`);
  return [
    first,
    ...problems.map((problem) => `    ${problem}`),
    ...said("kago", kago),
    ...(runc ? said("runc", runc) : []),
  ].join("\n");
}

function cell(outcome: Outcome): string {
  return `${summary(outcome)} (${outcome.duration.toFixed(1)} s)`;
}

function row(verdict: string, program: string, kago: string, runc: string): string {
  return `${verdict.padEnd(6)} ${program.padEnd(30)} ${kago.padEnd(35)} ${runc}`;
}
