/**
 * Compares kago with Debian's runc and crun, and with an empty Deno script: wall time and peak memory of each command
 * as a whole process. Run it as root on an idle machine.
 *
 *   deno run -A scripts/bench.ts [--kago FILE] [--runc FILE] [--crun FILE] [--deno FILE]
 *                                [--rounds N] [--warm-up N] [--json] [--check]
 *
 * `--check` makes it exit with 1 when kago misses a goal (bench/report.ts).
 */
import { type Option, type OptionValues } from "../runtime/cli/options.ts";
import { scanOptions } from "../runtime/cli/scan.ts";
import { UsageError } from "../runtime/common/errors.ts";
import { makeBundles } from "./bench/bundle.ts";
import { emptyScriptContender, runtimeContender } from "./bench/contenders.ts";
import { enterPrivateNamespace } from "./bench/host.ts";
import { buildMeasure } from "./bench/measure.ts";
import { EMPTY_SCRIPT, KAGO, markdown, missedGoals, RUNC, summarize } from "./bench/report.ts";
import { measureRounds, type Results } from "./bench/rounds.ts";
import { runMain } from "./run_main.ts";

const FILE = { kind: "string", placeholder: "FILE" } as const;
const COUNT = { kind: "number", placeholder: "N" } as const;
const OPTIONS = [
  { name: "kago", ...FILE, default: "dist/kago", help: "the runtime to judge" },
  { name: "runc", ...FILE, default: "/usr/sbin/runc", help: "runc" },
  { name: "crun", ...FILE, default: "/usr/bin/crun", help: "crun" },
  { name: "deno", ...FILE, help: "deno for the empty script (default: this one)" },
  { name: "rounds", ...COUNT, default: 30, help: "how often each command is measured" },
  { name: "warm-up", ...COUNT, default: 3, help: "rounds before, not counted" },
  { name: "json", kind: "boolean", help: "print the figures as JSON" },
  { name: "check", kind: "boolean", help: "fail when a goal is missed" },
] as const satisfies readonly Option[];
type Options = OptionValues<typeof OPTIONS>;

/** @throws {UsageError} */
export function parseBenchOptions(args: readonly string[]): Options {
  const { values, positionals } = scanOptions(args, OPTIONS, " for bench", "scripts/bench.ts");
  if (positionals.length > 0) throw new UsageError(`bench does not take "${positionals[0]}"`);
  if (values.rounds === 0) throw new UsageError("bench needs at least one round");
  return values as unknown as Options;
}

/** The absolute path of a program, which execv needs. @throws {UsageError} when there is none. */
function resolveProgram(name: string, path: string): string {
  try {
    return Deno.realPathSync(path);
  } catch (cause) {
    throw new UsageError(`there is no ${path}: name another file with --${name}`, { cause });
  }
}

async function measureAll(options: Options, signal: AbortSignal): Promise<Results> {
  const folder = await Deno.makeTempDir({ prefix: "kago-bench-" });
  try {
    // Deno would look for updates over the network and keep caches in the user's home.
    const environment = { DENO_NO_UPDATE_CHECK: "1", DENO_DIR: `${folder}/deno` };
    const measure = await buildMeasure(folder, environment);
    const bundles = await makeBundles(folder, options.runc);
    const programs = { [KAGO]: options.kago, [RUNC]: options.runc, crun: options.crun };
    const contenders = Object.entries(programs).map(([name, program]) =>
      runtimeContender(name, resolveProgram(name, program), bundles, folder)
    );
    contenders.push(emptyScriptContender(EMPTY_SCRIPT, options.deno ?? Deno.execPath(), folder));
    const onRound = (round: number) => console.error(`round ${round} of ${options.rounds}`);
    const { rounds, warmUp } = options;
    return await measureRounds(contenders, measure, { rounds, warmUp, onRound, signal });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function main(): Promise<number> {
  const options = parseBenchOptions(Deno.args);
  const code = await enterPrivateNamespace(new URL(import.meta.url).pathname);
  if (code !== undefined) return code;

  const interruption = new AbortController();
  for (const name of ["SIGINT", "SIGTERM"] as const) {
    Deno.addSignalListener(name, () => interruption.abort(new Error(`stopped by ${name}`)));
  }
  const summary = summarize(await measureAll(options, interruption.signal));
  const misses = missedGoals(summary);
  console.log(
    options.json ? JSON.stringify({ figures: summary, misses }, null, 2) : markdown(summary),
  );
  for (const miss of misses) console.error(`goal missed: ${miss}`);
  return options.check && misses.length > 0 ? 1 : 0;
}

if (import.meta.main) await runMain("bench", main);
