/**
 * Compares kago with runc and crun: wall time, processor time and memory of each command, of ten in a row, of 20 and
 * 100 at once, and of whole container lives as engines run them. Run it as root on an idle machine.
 *
 *   deno task bench [--kago FILE] [--runc FILE] [--crun FILE] [--runtime NAME=FILE]... [--rounds N] [--warm-up N]
 *                   [--only CASE]... [--cgroup v1|v2] [--release NAME] [--busy] [--readme] [--check]
 *   deno task bench --from FILE [--readme] [--check]
 *
 * It writes build/bench/RELEASE-LAYOUT.json, and prints the tables. docs/tests.md says more.
 */
import { optionsText } from "../runtime/cli/help.ts";
import { type Option, type OptionValues } from "../runtime/cli/options.ts";
import { scanOptions } from "../runtime/cli/scan.ts";
import { UsageError } from "../runtime/common/errors.ts";
import { makeBundles } from "./bench/bundle.ts";
import { type Scene, SCENES } from "./bench/cases.ts";
import {
  type Conditions,
  hasControllers,
  lookAtOthers,
  MOST_FOR_OTHERS,
  readConditions,
  readLoad,
} from "./bench/conditions.ts";
import { contenderOf, CRUN, KAGO, type Program, RUNC } from "./bench/contenders.ts";
import { judge, missText } from "./bench/goals.ts";
import { enterPrivateNamespace, isInNamespace, ownLayout } from "./bench/host.ts";
import { buildMeasure } from "./bench/measure.ts";
import { progressText } from "./bench/progress.ts";
import { asJson, intoPage, markdown, percent, type Run } from "./bench/report.ts";
import { measureRounds } from "./bench/rounds.ts";
import { REPOSITORY } from "./emulated_host/cache.ts";
import { withReleaseRoot } from "./emulated_host/release_root.ts";
import { runMain } from "./run_main.ts";

const FILE = { kind: "string", placeholder: "FILE" } as const;
const COUNT = { kind: "number", placeholder: "N" } as const;
const OPTIONS = [
  { name: "kago", ...FILE, default: "dist/kago", help: "the runtime to judge" },
  { name: "runc", ...FILE, default: "runc", help: "runc" },
  { name: "crun", ...FILE, default: "crun", help: "crun" },
  { name: "runtime", kind: "list", placeholder: "NAME=FILE", help: "another runtime beside them" },
  { name: "rounds", ...COUNT, default: 30, help: "how often each command is measured" },
  { name: "warm-up", ...COUNT, default: 2, help: "rounds before, not counted" },
  { name: "only", kind: "list", placeholder: "CASE", help: "measure these cases only" },
  { name: "cgroup", kind: "string", choices: ["v1", "v2"], help: "default: this machine's own" },
  { name: "release", kind: "string", placeholder: "NAME", help: "Debian's, for runc and crun" },
  { name: "busy", kind: "boolean", help: "measure although others work on this machine" },
  { name: "from", ...FILE, help: "measure nothing, take an earlier run's file" },
  { name: "readme", kind: "boolean", help: "put the tables into README.md" },
  { name: "check", kind: "boolean", help: "fail when a goal is missed" },
  { name: "help", short: "h", kind: "boolean", help: "print this" },
] as const satisfies readonly Option[];
type Options = OptionValues<typeof OPTIONS>;

const README = `${REPOSITORY}/README.md`;

/** @throws {UsageError} */
export function parseBenchOptions(args: readonly string[]): Options {
  const { values, positionals } = scanOptions(
    args,
    OPTIONS,
    " for bench",
    "deno task bench --help",
  );
  if (positionals.length > 0) throw new UsageError(`bench does not take "${positionals[0]}"`);
  if (values.rounds === 0) throw new UsageError("bench needs at least one round");
  const options = values as unknown as Options;
  if (options.readme && options.only.length > 0) {
    throw new UsageError("--readme takes a whole run, without --only");
  }
  return options;
}

/** The contenders' names and files, in the tables' order. @throws {UsageError} */
export function programsOf({ kago, runc, crun, runtime }: Options): Program[] {
  const others = runtime.map((text) => {
    const [, name, path] = /^([\w.-]+)=(.+)$/.exec(text) ?? [];
    if (!name || [KAGO, RUNC, CRUN].includes(name)) {
      throw new UsageError(`--runtime takes NAME=FILE with a name of its own, not "${text}"`);
    }
    return { name, path: path! };
  });
  return [{ name: KAGO, path: kago }, { name: RUNC, path: runc }, { name: CRUN, path: crun }]
    .concat(others).map(({ name, path }) => ({ name, path: resolveProgram(name, path) }));
}

/** The absolute path of a program; a bare name is searched in PATH. @throws {UsageError} when there is none. */
function resolveProgram(name: string, path: string): string {
  const directories = path.includes("/") ? [""] : (Deno.env.get("PATH") ?? "").split(":");
  for (const directory of directories) {
    try {
      return Deno.realPathSync(directory ? `${directory}/${path}` : path);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
  throw new UsageError(`there is no ${path}: name another file for ${name}`);
}

/** The scenes to measure; without controllers, none with limits. @throws {UsageError} for an unknown case. */
export function scenesOf({ only }: Pick<Options, "only">, controllers: boolean): Scene[] {
  const names = SCENES.flatMap(({ steps }) => steps.flatMap(({ name }) => name ?? []));
  const unknown = only.find((name) => !names.includes(name));
  if (unknown) throw new UsageError(`there is no case "${unknown}", but ${names.join("; ")}`);
  return SCENES.filter((scene) =>
    (controllers || !scene.controllers) &&
    (only.length === 0 || scene.steps.some(({ name }) => name && only.includes(name)))
  );
}

/** @throws {UsageError} when other processes use this machine, unless the caller permits it. */
async function refuseBusy(busy: boolean): Promise<number> {
  const share = await lookAtOthers();
  if (share <= MOST_FOR_OTHERS) return share;
  const text = `others take ${percent(share)} of this machine's processors`;
  if (!busy) throw new UsageError(`${text}: wait until it is idle, or measure with --busy`);
  console.error(`bench: ${text}, so times are no more than an indication`);
  return share;
}

async function measureAll(options: Options, signal: AbortSignal): Promise<Run> {
  const programs = programsOf(options);
  const load = readLoad();
  const share = await refuseBusy(options.busy);
  const conditions = await readConditions(programs, options.rounds);
  const directory = await Deno.makeTempDir({ prefix: "kago-bench-" });
  try {
    // Deno would check for updates over the network and keep caches in the user's home.
    const environment = { DENO_NO_UPDATE_CHECK: "1", DENO_DIR: `${directory}/deno` };
    const measure = await buildMeasure(directory, environment);
    const bundles = await makeBundles(directory, programs[1]!.path);
    const contenders = programs.map((program) => contenderOf(program, bundles, directory));
    const scenes = scenesOf(options, await hasControllers());
    const begin = performance.now();
    const { rounds, warmUp } = options;
    console.error(`preparing, and ${warmUp} rounds to warm up`);
    const onRound = (round: number) =>
      console.error(progressText(round, rounds, (performance.now() - begin) / 1000));
    const settings = { rounds, warmUp, needed: [KAGO, RUNC], onRound, signal };
    const samples = await measureRounds(contenders, scenes, measure, settings);
    const loads = [load, readLoad()];
    return { conditions: await complete(conditions, loads, share), samples };
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

async function complete(
  conditions: Omit<Conditions, "load" | "othersShare">,
  load: number[],
  share: number,
): Promise<Conditions> {
  return { ...conditions, load, othersShare: [share, await lookAtOthers()] };
}

async function writeRun(run: Run, { only }: Options): Promise<void> {
  const { release, cgroups } = run.conditions;
  const part = only.length > 0 ? "-part" : "";
  const name = `${release}-${cgroups}${part}`.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-");
  const directory = `${REPOSITORY}/build/bench`;
  await Deno.mkdir(directory, { recursive: true });
  await Deno.writeTextFile(`${directory}/${name}.json`, asJson(run));
  console.error(`bench: ${directory}/${name}.json has all samples`);
}

/** Prints a run's figures; returns the exit code. */
async function report(run: Run, { readme, check }: Options): Promise<number> {
  const text = markdown(run);
  console.log(text);
  if (readme) await Deno.writeTextFile(README, intoPage(await Deno.readTextFile(README), text));
  const misses = judge(run.samples).filter(({ reached }) => !reached);
  for (const miss of misses) console.error(`goal missed: ${missText(miss)}`);
  return check && misses.length > 0 ? 1 : 0;
}

/** Like enterPrivateNamespace(), in the root of the requested release. */
async function runInNamespace({ cgroup, release }: Options): Promise<number> {
  const script = new URL(import.meta.url).pathname;
  const layout = cgroup ?? await ownLayout();
  if (!release) return await enterPrivateNamespace(script, layout);
  return await withReleaseRoot(release, (inRoot) => enterPrivateNamespace(script, layout, inRoot));
}

async function main(): Promise<number> {
  const options = parseBenchOptions(Deno.args);
  if (options.help) {
    console.log(`Usage: deno task bench [OPTION]...\n\n${optionsText(OPTIONS)}`);
    return 0;
  }
  if (options.from) {
    return await report(JSON.parse(await Deno.readTextFile(options.from)) as Run, options);
  }
  if (!isInNamespace()) return await runInNamespace(options);

  const interruption = new AbortController();
  for (const name of ["SIGINT", "SIGTERM"] as const) {
    Deno.addSignalListener(name, () => interruption.abort(new Error(`stopped by ${name}`)));
  }
  const run = await measureAll(options, interruption.signal);
  await writeRun(run, options);
  return await report(run, options);
}

if (import.meta.main) await runMain("bench", main);
