/**
 * Runs an engine's cases with kago and with runc and turns each into a test, which fails when kago does. At the end the
 * outcomes are compared with those in docs/engines.md. peers.ts decides which of the other runtimes are run.
 */
import { fail } from "@std/assert";
import {
  type CaseGroup,
  type EngineCase,
  type Host,
  type Runtime,
  RUNTIMES,
} from "./engine_case.ts";
import { every, inTurn } from "./every.ts";
import {
  compareOutcomes,
  type Engine,
  type Outcome,
  type Outcomes,
  ownRelease,
  readResults,
  type Release,
  writeResult,
} from "./outcomes.ts";
import { neededPeers } from "./peers.ts";

export interface Suite<Session> {
  readonly engine: Engine;
  readonly host: Host;
  readonly groups: readonly CaseGroup<Session>[];
  /** Starts the engine with a runtime; called once for each, one after the other. */
  readonly open: (runtime: Runtime) => Promise<Session>;
  readonly close: (session: Session) => Promise<void>;
  readonly version: (session: Session) => Promise<string>;
  /** Whether this host is an emulated one. */
  readonly emulated?: boolean;
  /** Absent: kago and runc. */
  readonly runtimes?: readonly Runtime[];
}

/** The cases that are tried on the suite's host, of all its groups or of some. */
function casesOf<Session>(
  { emulated, host, groups }: Suite<Session>,
  among = groups,
): EngineCase<Session>[] {
  return among.flatMap(({ cases }) => cases).filter((one) =>
    emulated ? one.emulated?.includes(host) : one.native !== false
  );
}

type Sessions<Session> = Partial<Record<Runtime, Session>>;

/** Registers the tests. */
export function runSuite<Session>(suite: Suite<Session>): void {
  const { engine, host, runtimes = ["kago", "runc"] } = suite;
  const sessions: Sessions<Session> = {};
  const outcomes: Record<string, Outcome> = {};
  const errors: string[] = [];
  let told: Outcomes | undefined;
  let release: Release;
  let version: string;
  const title = (name: string) => `${engine} on ${host}: ${name}`;
  // An engine's background processes are not a leak of the test that happens to start them.
  const test = (name: string, fn: () => Promise<void>) =>
    Deno.test({ name: title(name), fn, sanitizeOps: false, sanitizeResources: false });

  test("starts", async () => {
    const results = await readResults();
    release = await ownRelease();
    const last = results.find((run) =>
      run.engine === engine && run.host === host && run.release === release
    );
    told = last?.outcomes;
    const kago = sessions.kago = await suite.open("kago");
    version = await suite.version(kago);
    const wanted = { emulated: suite.emulated ?? false, version, cases: casesOf(suite) };
    const peers = neededPeers(runtimes.filter((runtime) => runtime !== "kago"), wanted, last);
    // Two first podman commands in parallel both create /dev/shm/libpod_lock, and one of them fails.
    await inTurn(...peers.map((runtime) => async () => {
      sessions[runtime] = await suite.open(runtime);
    }));
  });
  for (const group of suite.groups) {
    const cases = casesOf(suite, [group]);
    if (cases.length === 0) continue;
    if (group.setUp) test(`set-up of ${group.name}`, () => forEach(sessions, group.setUp!));
    for (const one of cases) {
      test(one.command, async () => {
        const before = told?.[one.command];
        // Results of the last run stay for a runtime that is not run now.
        outcomes[one.command] = { ...before, ...await tryCase(one, sessions, before, errors) };
      });
    }
    if (group.tearDown) test(`end of ${group.name}`, () => forEach(sessions, group.tearDown!));
  }
  test("the results are those of docs/engines.md", async () => {
    await writeResult({ engine, version, release, host, outcomes });
    // A host that the page does not have, such as a Debian 13 with cgroup v1: kago had to work in each case above.
    if (!told) return console.error(`docs/engines.md has no ${engine} of ${release} on ${host}`);
    const differences = compareOutcomes(outcomes, told);
    if (differences.length === 0) return;
    const advice = "when that is so, run `deno task docs:engines` after the suites";
    fail([...differences, ...errors, advice].join("\n"));
  });
  test("ends", () => forEach(sessions, suite.close));
}

/**
 * How often a case is tried with another runtime than kago before docs/engines.md counts as outdated: races of that
 * runtime, and of the engine with it, are not for this suite to find. With kago each case must work the first time.
 */
const TRIES = 3;

/**
 * @param told the outcome in docs/engines.md.
 * @param errors receives why the case fails with another runtime than kago, which is allowed: the table then says so.
 * @throws what the case throws with kago.
 */
async function tryCase<Session>(
  { command, check, only }: EngineCase<Session>,
  sessions: Sessions<Session>,
  told: Outcome | undefined,
  errors: string[],
): Promise<Outcome> {
  const tried = RUNTIMES.filter((runtime) => sessions[runtime] && (runtime === "kago" || !only));
  const results = await every(tried.map(async (runtime) => {
    const use = () => check(sessions[runtime]!);
    if (runtime === "kago") return [runtime, await use().then(() => true)];
    const failures = await tryOften(use, told?.[runtime] ? TRIES : 1);
    errors.push(...failures.map((failure) => `${command}, with ${runtime}: ${failure}`));
    return [runtime, failures.length === 0];
  }));
  return Object.fromEntries(results);
}

/** The errors of all tries; empty when one succeeded. */
async function tryOften(use: () => Promise<void>, tries: number): Promise<string[]> {
  const failures: string[] = [];
  while (failures.length < tries) {
    try {
      await use();
      return [];
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      console.error(`a case fails with another runtime than kago: ${error.message}`);
      failures.push(error.message);
    }
  }
  return failures;
}

async function forEach<Session>(
  sessions: Sessions<Session>,
  use: (session: Session) => Promise<void>,
): Promise<void> {
  await every(Object.values(sessions).map(use));
}
