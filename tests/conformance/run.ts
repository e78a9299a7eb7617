/**
 * `deno task test:conformance [--emulated] [PROGRAM...]`: runs the OCI's validation suite with kago and runc, on this
 * host or in the emulated one, where programs that cannot test anything there are skipped unless they are named. Needs
 * root, runc, and Go or a suite that is already built. Exits with 1 when a program fails other than in known.ts, or
 * kago does worse than runc.
 */
import { parseArgs } from "@std/cli/parse-args";
import { prepareSuite, type Suite } from "./suite/suite.ts";
import { KAGO } from "../harness/kago.ts";
import { runOk } from "../harness/run.ts";
import { runEmulated } from "./emulated.ts";
import { EMULATED } from "../harness/emulated.ts";
import { describeHost, lookAtHost } from "./host.ts";
import { FAIL_ON_V2, knownFailures, RACES } from "./known.ts";
import { type Outcome, runProgram, usesFixedCgroups } from "./program.ts";
import { runBeside, type Task } from "./schedule.ts";
import { HEAD, programRow } from "./table.ts";
import { findProblems, runRace } from "./verdict.ts";

/** Many programs wait more than they compute. */
const WIDTH = 4;

/** The longest programs start first; they wait for a time limit of the suite. */
const LONGEST = ["delete", "kill", "pidfile", "start"];

/** Programs with fixed times, which are too short in the emulated host: their containers exit before. */
const FIXED_TIMES = [...LONGEST, "killsig"];

/** Programs that do not depend on the cgroup version, capabilities or AppArmor: the native run has tried them. */
const SAME_ON_EVERY_HOST = [
  ...["create", "hostname", "kill_no_effect", "misc_props", "root_readonly_true"],
  ...["hooks", "hooks_stdin", "prestart", "prestart_fail", "poststart", "poststart_fail"],
  ...["poststop", "poststop_fail", "process_rlimits_fail", "process_user"],
  ...["linux_masked_paths", "linux_readonly_paths", "linux_rootfs_propagation"],
  ...["linux_ns_itype", "linux_ns_nopath", "linux_ns_path", "linux_ns_path_type"],
];

/** Whether the program can test a runtime in the emulated host, which has cgroup v2 only and is slow. */
function isForEmulated(program: string): boolean {
  return [FIXED_TIMES, FAIL_ON_V2, SAME_ON_EVERY_HOST].every((list) => !list.includes(program));
}

async function main(args: string[]): Promise<number> {
  const { emulated, _: words } = parseArgs(args, { boolean: ["emulated"] });
  if (Deno.uid() !== 0) throw new Error("the validation suite runs containers as root");
  const suite = await prepareSuite();
  const wanted: string[] = words.map(String);
  const unknown = wanted.filter((name) => !suite.programs.includes(name));
  if (unknown.length > 0) throw new Error(`the suite has no program ${unknown.join(", ")}`);
  if (emulated) return await runEmulated(wanted);
  const all = EMULATED ? suite.programs.filter(isForEmulated) : suite.programs;
  return await runHere({ ...suite, programs: wanted.length > 0 ? wanted : all });
}

/** Returns the exit code. */
async function runHere({ directory, programs }: Suite): Promise<number> {
  const host = await lookAtHost();
  const known = knownFailures(host);
  const runtimes = { kago: KAGO, runc: (await runOk("sh", ["-c", "command -v runc"])).trim() };
  console.log(`# ${describeHost(host)}\n${HEAD}`);
  const outcomes = new Map(programs.map((name) => [name, {} as Partial<Pair>]));
  /**
   * Natively runc runs every program; emulated only where kago fails or an entry exists: all would cost a third more.
   */
  const needsRunc = (program: string, { failed }: Outcome) =>
    !EMULATED || failed.length > 0 || known.has(program);
  const failures: string[] = [];
  let told = 0;
  /** Prints the results of the programs that have ended, in their order. */
  const tell = () => {
    for (; told < programs.length; told++) {
      const program = programs[told]!;
      const { kago, runc } = outcomes.get(program)!;
      if (!kago || (!runc && needsRunc(program, kago))) return;
      const problems = runc ? findProblems(kago, runc, known.get(program)) : [];
      if (problems.length > 0) failures.push(program);
      console.log(programRow(program, kago, runc, problems));
    }
  };
  const runUnder = async (program: string, name: keyof Pair) => {
    const { kago } = outcomes.get(program)!;
    if (name === "runc" && kago && !needsRunc(program, kago)) return;
    outcomes.get(program)![name] = await runRace(
      RACES.get(program),
      () => runProgram(directory, program, runtimes[name]),
    );
    tell();
  };
  const tasks = (of: readonly string[]) =>
    of.flatMap((program): Task[] => {
      const exclusive = usesFixedCgroups(program);
      const [kago, runc] = (["kago", "runc"] as const).map((name) => () => runUnder(program, name));
      return EMULATED
        ? [{ exclusive, run: () => kago!().then(runc) }]
        : [{ exclusive, run: kago! }, { exclusive, run: runc! }];
    });
  await runBeside(tasks(inOrder(programs)), WIDTH);
  for (const program of programs) {
    const entry = known.get(program);
    if (entry) console.log(`# ${program}: ${entry.why}; runc prints: ${entry.runc}`);
    const race = RACES.get(program);
    if (race) console.log(`# ${program} may run more than once: ${race.why}`);
  }
  console.log(`1..${programs.length}`);
  if (failures.length > 0) console.log(`# FAILED: ${failures.join(", ")}`);
  return failures.length === 0 ? 0 : 1;
}

interface Pair {
  kago: Outcome;
  runc: Outcome;
}

/** The longest ones, those that cannot run in parallel, and the others. */
function inOrder(programs: readonly string[]): string[] {
  const rank = (program: string) =>
    LONGEST.includes(program) ? 0 : usesFixedCgroups(program) ? 1 : 2;
  return programs.toSorted((a, b) => rank(a) - rank(b));
}

if (import.meta.main) Deno.exit(await main(Deno.args));
