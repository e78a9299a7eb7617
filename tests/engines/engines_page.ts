/**
 * Writes docs/engines.md from docs/engines.json, after taking over what the engines' suites left in build/engines. Owns
 * the page's words; what was found is the suites' (tests/engines).
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

What podman, buildah, containerd and Docker do with kago and, on the same machine in the same minute, with runc or crun. The
engines, the runtimes beside kago and, in an emulated host, the kernel are those of a release of Debian: 12, 13, or next, which
is its unstable distribution on the day of the run.

The tables are written by \`deno task docs:engines\` from what the suites in tests/engines found. \`./scripts/test.sh\` runs the
suites natively on the machine's release and on Debian 13 in the emulated hosts, and fails when a command fails with kago, or
when this page says something else; in an emulated host it runs runc or crun where the engine's version or the command is new.
\`deno task test:next\` does so for next, with every runtime; what else is here stays as the last run found it.
`;

/** What a host is, for each that there are results of. */
const HOST_WORDS: Readonly<Record<Host, string>> = {
  v1: "the machine itself, with v1 controllers and an engine run by root",
  v2: "an emulated host with pure v2, a kernel of Debian's and every capability",
  systemd: "an emulated host that systemd has booted, with its cgroup manager",
  rootless: "an ordinary user there",
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

/** A column for each runtime that was tried on a release; a dash where a command was not tried. */
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

/** The results with those of `newer` in the place of older ones of the same engine, host and release. */
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
