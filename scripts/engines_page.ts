/**
 * Writes docs/engines.md from docs/engines.json, after taking over what the engines' suites left in build/engines. Owns
 * the page's words; what was found is the suites' (tests/engines).
 */
import { type Host, HOSTS, type Runtime, RUNTIMES } from "../tests/engines/engine_case.ts";
import {
  type Engine,
  readResults,
  RESULTS,
  RUNS,
  type SuiteResult,
} from "../tests/engines/outcomes.ts";
import { ROOT } from "./build/paths.ts";

export const PAGE = `${ROOT}/docs/engines.md`;

const HEAD = `# kago under the engines

What podman, buildah, containerd and Docker do with kago and, on the same machine in the same minute, with runc. The tables
are written by \`deno task docs:engines\` from what the suites in tests/engines found; \`./scripts/test.sh\` runs the suites and
fails when a command that works with runc fails with kago, or when this page says something else.
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
  const runs = results.filter((run) => run.engine === engine);
  const commands = [...new Set(runs.flatMap(({ outcomes }) => Object.keys(outcomes)))];
  const rows = commands.map((command) => {
    const cells = RUNTIMES.map((runtime) => renderCell(runs, command, runtime));
    return [`\`${command.replaceAll("|", "\\|")}\``, ...cells];
  });
  const versions = [...new Set(runs.map(({ version }) => version))];
  const lines = [["command", ...RUNTIMES], ["---", ...RUNTIMES.map(() => "---")], ...rows];
  return [
    `## ${engine}`,
    "",
    `${versions.join(", ")}, on ${runs.map(({ host }) => HOSTS[host]).join("; ")}.`,
    "",
    ...lines.map((cells) => `| ${cells.join(" | ")} |`),
    "",
  ].join("\n");
}

/** `works`, `fails`, or both with their hosts; a runtime that was not tried has a dash. */
function renderCell(runs: readonly SuiteResult[], command: string, runtime: Runtime): string {
  const hosts = (works: boolean): Host[] =>
    runs.filter(({ outcomes }) => outcomes[command]?.[runtime] === works).map(({ host }) => host);
  const tried = runs.filter(({ outcomes }) => outcomes[command]?.[runtime] !== undefined);
  if (tried.length === 0) return "–";
  const where = (list: Host[]) =>
    list.length === runs.length ? "" : ` (${list.map((host) => HOSTS[host]).join("; ")})`;
  const parts = [[true, "works"], [false, "fails"]] as const;
  return parts.map(([works, word]) => [hosts(works), word] as const)
    .filter(([list]) => list.length > 0)
    .map(([list, word]) => word + where(list))
    .join(", ");
}

/** The results with those of `newer` in the place of older ones of the same engine and host. */
export function takeOver(
  results: readonly SuiteResult[],
  newer: readonly SuiteResult[],
): SuiteResult[] {
  const key = ({ engine, host }: SuiteResult) => `${engine}\n${host}`;
  const merged = new Map([...results, ...newer].map((run) => [key(run), run]));
  const engines: readonly Engine[] = [
    "podman",
    "podman, microVMs",
    "buildah",
    "containerd",
    "docker",
  ];
  const hosts = Object.keys(HOSTS);
  return [...merged.values()].sort((a, b) =>
    engines.indexOf(a.engine) - engines.indexOf(b.engine) ||
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
