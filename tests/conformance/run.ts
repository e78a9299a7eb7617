/**
 * `deno task test:conformance [PROGRAM...]`: the OCI's validation suite with kago and, for comparison, with runc. Needs
 * root, runc, and Go or a suite that is built already. Exits with 1 when kago does worse than runc in a program that
 * known.ts does not list.
 */
import { prepareSuite } from "../../scripts/conformance/suite.ts";
import { KAGO } from "../harness/kago.ts";
import { runOk } from "../harness/run.ts";
import { compareReports, summary } from "./compare.ts";
import { KNOWN_FAILURES } from "./known.ts";
import { type Outcome, runProgram } from "./program.ts";

interface Verdict {
  readonly program: string;
  /** What kago does worse; empty when nothing. */
  readonly problems: readonly string[];
}

async function main(wanted: readonly string[]): Promise<number> {
  if (Deno.uid() !== 0) throw new Error("the validation suite runs containers as root");
  const runc = (await runOk("sh", ["-c", "command -v runc"])).trim();
  const { directory, programs } = await prepareSuite();
  const unknown = wanted.filter((name) => !programs.includes(name));
  if (unknown.length > 0) throw new Error(`the suite has no program ${unknown.join(", ")}`);

  printRow("program", "kago", "runc");
  const verdicts: Verdict[] = [];
  for (const program of wanted.length > 0 ? wanted : programs) {
    // One after the other: they use the same cgroups.
    const [byKago, byRunc] = [
      await runProgram(directory, program, KAGO),
      await runProgram(directory, program, runc),
    ];
    printRow(program, cell(byKago), cell(byRunc));
    const problems = compareReports(byKago, byRunc);
    if (problems.length > 0) printProblems(problems, byKago.stderr);
    verdicts.push({ program, problems });
  }
  return conclude(verdicts);
}

function cell(outcome: Outcome): string {
  return `${summary(outcome)} (${outcome.duration.toFixed(1)} s)`;
}

function printRow(program: string, kago: string, runc: string): void {
  console.log(`${program.padEnd(32)} ${kago.padEnd(34)} ${runc}`);
}

function printProblems(problems: readonly string[], stderr: string): void {
  for (const problem of problems) console.log(`    ${problem}`);
  for (const line of stderr.split("\n").filter(Boolean)) console.log(`    | ${line}`);
}

/** Prints the result and returns the exit code. */
function conclude(verdicts: readonly Verdict[]): number {
  const worse = verdicts.filter(({ problems }) => problems.length > 0);
  const listed = (name: string) => KNOWN_FAILURES.some(({ program }) => program === name);
  const failures = worse.map(({ program }) => program).filter((name) => !listed(name));
  console.log(`\n${verdicts.length} programs, ${worse.length} worse under kago than under runc`);
  for (const { program, why, runc } of KNOWN_FAILURES) {
    const verdict = verdicts.find((one) => one.program === program);
    if (!verdict) continue;
    if (verdict.problems.length === 0) console.log(`known.ts lists ${program}, which is no worse`);
    else console.log(`known: ${program}: ${why}; runc ${runc}`);
  }
  if (failures.length > 0) console.log(`FAILED: ${failures.join(", ")}`);
  return failures.length === 0 ? 0 : 1;
}

if (import.meta.main) Deno.exit(await main(Deno.args));
