/**
 * Writes docs/engines.md from docs/engines.json, after merging the results of the engines' suites from build/engines.
 * Owns the page's text; the suites own the results (tests/engines).
 */
import { type Host, HOSTS, type Runtime, RUNTIMES } from "./engine_case.ts";
import {
  type Engine,
  ENGINES,
  readResults,
  RELEASES,
  RESULTS,
  RUNS,
  type SuiteResult,
} from "./outcomes.ts";
import { ROOT } from "../../scripts/build/paths.ts";

export const PAGE = `${ROOT}/docs/engines.md`;

const HEAD = `# kago under the engines

The results of commands of podman, buildah, containerd, CRI-O and Docker with kago and, on the same machine in the same run, with
runc or crun. Engines, peer runtimes and, in an emulated host, the kernel are those of a release of Debian: 12, 13, or next, which is
Debian's unstable on the day of the run. containerd 2 and CRI-O, which the releases do not have, are built from their sources.

\`deno task docs:engines\` writes the tables from the results of tests/engines. \`./scripts/test.sh\` runs these suites natively on
the machine's release and on Debian 13 in the emulated hosts. It fails if a command fails with kago, or if its results differ from
this page. In an emulated host it runs runc or crun only if the version of the engine or the command is new. \`deno task test:next\`
does the same for next, with every runtime, and \`deno task test:crio\` for CRI-O; the other results are those of the last run.
`;

/** The description of each kind of host. */
const HOST_WORDS: Readonly<Record<Host, string>> = {
  v1: "the machine itself, with v1 controllers and an engine run by root",
  v2: "an emulated host with cgroup v2 only, a Debian kernel and all capabilities",
  systemd: "an emulated host booted with systemd, with the systemd cgroup manager",
  rootless: "the same host, with an engine run by an ordinary user",
};

/** The whole page. */
export function renderPage(results: readonly SuiteResult[]): string {
  const engines = [...new Set(results.map(({ engine }) => engine))];
  const hosts = (Object.keys(HOSTS) as Host[])
    .filter((host) => results.some((run) => run.host === host))
    .map((host) => `- **${HOSTS[host]}**: ${HOST_WORDS[host]}`);
  return [HEAD, `${hosts.join("\n")}\n`, ...engines.map((engine) => renderEngine(engine, results))]
    .join("\n");
}

function renderEngine(engine: Engine, results: readonly SuiteResult[]): string {
  const own = results.filter((run) => run.engine === engine);
  const hosts = [...new Set(own.map(({ host }) => host))];
  const tables = hosts.map((host) => renderTable(host, own.filter((run) => run.host === host)));
  return [`## ${engine}`, ...tables].join("\n\n") + "\n";
}

interface Column {
  readonly run: SuiteResult;
  readonly runtime: Runtime;
}

/** A column for each runtime that was tried on a release; a dash for a command that was not tried. */
function renderTable(host: Host, runs: readonly SuiteResult[]): string {
  const columns = runs.flatMap(columnsOf);
  const commands = new Set(runs.flatMap(({ outcomes }) => Object.keys(outcomes)));
  const word = (works?: boolean) => works === undefined ? "–" : works ? "works" : "fails";
  const rows = [...commands].map((command) => [
    `\`${command.replaceAll("|", "\\|")}\``,
    ...columns.map(({ run, runtime }) => word(run.outcomes[command]?.[runtime])),
  ]);
  const head = ["command", ...columns.map(({ run, runtime }) => `${runtime}, ${run.release}`)];
  const lines = [head, head.map(() => "---"), ...rows];
  const versions = runs.map(({ release, version }) => `${release}: ${version}`);
  return [
    `### ${HOSTS[host]}`,
    "",
    `${versions.join("; ")}.`,
    "",
    ...lines.map((cells) => `| ${cells.join(" | ")} |`),
  ].join("\n");
}

function columnsOf(run: SuiteResult): Column[] {
  return RUNTIMES.filter((runtime) =>
    Object.values(run.outcomes).some((outcome) => outcome[runtime] !== undefined)
  ).map((runtime) => ({ run, runtime }));
}

/** The results, with those of `newer` replacing older ones of the same engine, host and release. */
export function takeOver(
  results: readonly SuiteResult[],
  newer: readonly SuiteResult[],
): SuiteResult[] {
  const key = ({ engine, host, release }: SuiteResult) => `${engine}\n${host}\n${release}`;
  const merged = new Map([...results, ...newer].map((run) => [key(run), run]));
  const hosts = Object.keys(HOSTS);
  return [...merged.values()].sort((a, b) =>
    ENGINES.indexOf(a.engine) - ENGINES.indexOf(b.engine) ||
    hosts.indexOf(a.host) - hosts.indexOf(b.host) ||
    RELEASES.indexOf(a.release) - RELEASES.indexOf(b.release)
  );
}

async function readRuns(): Promise<SuiteResult[]> {
  const names = [...Deno.readDirSync(RUNS)].map(({ name }) => name).filter((name) =>
    name.endsWith(".json")
  );
  return await Promise.all(
    names.map(async (name) => JSON.parse(await Deno.readTextFile(`${RUNS}/${name}`))),
  );
}

if (import.meta.main) {
  const results = takeOver(await readResults(), await readRuns());
  await Deno.writeTextFile(RESULTS, JSON.stringify(results, null, 2) + "\n");
  await Deno.writeTextFile(PAGE, renderPage(results));
}
