/**
 * Writes docs/engines.md from docs/engines.json, after taking over what the engines' suites left in build/engines. Owns
 * the page's words; what was found is the suites' (tests/engines).
 */
import { type Host, HOSTS, RUNTIMES } from "../tests/engines/engine_case.ts";
import {
  type Engine,
  ENGINES,
  readResults,
  RESULTS,
  RUNS,
  type SuiteResult,
} from "../tests/engines/outcomes.ts";
import { ROOT } from "./build/paths.ts";

export const PAGE = `${ROOT}/docs/engines.md`;

const HEAD = `# kago under the engines

What podman, buildah, containerd and Docker do with kago and, on the same machine in the same minute, with runc or crun. The
tables are written by \`deno task docs:engines\` from what the suites in tests/engines found; \`./scripts/test.sh\` runs the
suites and fails when a command fails with kago, or when this page says something else.
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
  const tables = results.filter((run) => run.engine === engine).map(renderTable);
  return [`## ${engine}`, ...tables].join("\n\n") + "\n";
}

/** A column for each runtime that was tried; a dash where one was not tried. */
function renderTable({ version, host, outcomes }: SuiteResult): string {
  const runtimes = RUNTIMES.filter((runtime) =>
    Object.values(outcomes).some((outcome) => outcome[runtime] !== undefined)
  );
  const word = (works?: boolean) => works === undefined ? "–" : works ? "works" : "fails";
  const rows = Object.entries(outcomes).map(([command, outcome]) => [
    `\`${command.replaceAll("|", "\\|")}\``,
    ...runtimes.map((runtime) => word(outcome[runtime])),
  ]);
  const lines = [["command", ...runtimes], ["---", ...runtimes.map(() => "---")], ...rows];
  return [
    `### ${version} on ${HOSTS[host]}`,
    "",
    ...lines.map((cells) => `| ${cells.join(" | ")} |`),
  ].join("\n");
}

/** The results with those of `newer` in the place of older ones of the same engine and host. */
export function takeOver(
  results: readonly SuiteResult[],
  newer: readonly SuiteResult[],
): SuiteResult[] {
  const key = ({ engine, host }: SuiteResult) => `${engine}\n${host}`;
  const merged = new Map([...results, ...newer].map((run) => [key(run), run]));
  const hosts = Object.keys(HOSTS);
  return [...merged.values()].sort((a, b) =>
    ENGINES.indexOf(a.engine) - ENGINES.indexOf(b.engine) ||
    hosts.indexOf(a.host) - hosts.indexOf(b.host)
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
