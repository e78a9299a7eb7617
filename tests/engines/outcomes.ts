/**
 * The results of the suites, as JSON: each run writes a file for its engine and host, and docs/engines.json merges them
 * all; docs/engines.md is written from it (tests/engines/engines_page.ts). Owns the files' format.
 */
import { ROOT } from "../../scripts/build/paths.ts";
import { type Host, type Runtime, RUNTIMES } from "./engine_case.ts";

/** In the page's order. */
export const ENGINES = [
  "podman",
  "podman, microVMs",
  "buildah",
  "containerd",
  "containerd, CRI",
  "containerd 2, CRI",
  "CRI-O",
  "docker",
  "docker, microVMs",
] as const;
export type Engine = typeof ENGINES[number];

/** The Debian releases of the engines, with their names in the tables. */
export const RELEASES = ["12", "13", "next"] as const;
export type Release = typeof RELEASES[number];

/** The release of the running system (os-release(5)); Debian's testing and unstable have no number yet. */
export async function ownRelease(): Promise<Release> {
  const id = /^VERSION_ID="?(\d+)/m.exec(await Deno.readTextFile("/etc/os-release"))?.[1];
  return RELEASES.find((release) => release === id) ?? "next";
}

/** Whether a command works with each runtime; a runtime that was not tried is absent. */
export type Outcome = Readonly<Partial<Record<Runtime, boolean>>>;

/** By command, in the order of the tables. */
export type Outcomes = Readonly<Record<string, Outcome>>;

/** One sentence for each case whose outcome differs from `told`. */
export function compareOutcomes(found: Outcomes, told: Outcomes): string[] {
  const word = (works?: boolean) => works === undefined ? "nothing" : works ? "works" : "fails";
  const commands = Object.keys({ ...told, ...found });
  return commands.flatMap((command) => {
    const [now, then] = [found[command] ?? {}, told[command] ?? {}];
    return RUNTIMES.filter((runtime) => now[runtime] !== then[runtime]).map((runtime) =>
      `${command}, with ${runtime}: ${word(now[runtime])}, where docs/engines.md says ${
        word(then[runtime])
      }`
    );
  });
}

/** One run of a suite; it replaces an older one of the same engine, release and host. */
export interface SuiteResult {
  readonly engine: Engine;
  /** As reported by the engine. */
  readonly version: string;
  readonly release: Release;
  readonly host: Host;
  readonly outcomes: Outcomes;
}

/** The source of the page. */
export const RESULTS = `${ROOT}/docs/engines.json`;

/** The folder for the results of runs; inside an emulated host, a folder shared with the outside. */
export const RUNS = `${ROOT}/build/engines`;

/** Writes the result of a run, which `deno task docs:engines` merges. */
export async function writeResult(result: SuiteResult): Promise<void> {
  const folder = Deno.env.get("EMULATED_HOST_RESULTS") ?? RUNS;
  await Deno.mkdir(folder, { recursive: true });
  const name = `${result.engine} ${result.host} ${result.release}`.replaceAll(/\W+/g, "-");
  await Deno.writeTextFile(`${folder}/${name}.json`, JSON.stringify(result, null, 2) + "\n");
}

/** All results for the page. */
export async function readResults(): Promise<SuiteResult[]> {
  return JSON.parse(await Deno.readTextFile(RESULTS));
}
