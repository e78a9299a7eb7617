/**
 * Runs an engine's cases with kago and with runc and turns each into a test: it fails when kago does. At the end the
 * outcomes are compared with those that docs/engines.md tells.
 */
import { assertEquals } from "@std/assert";
import {
  type CaseGroup,
  type EngineCase,
  type Host,
  type Runtime,
  RUNTIMES,
} from "./engine_case.ts";
import { type Engine, type Outcome, readResults, writeResult } from "./outcomes.ts";

export interface Suite<Session> {
  readonly engine: Engine;
  readonly host: Host;
  readonly groups: readonly CaseGroup<Session>[];
  /** Starts the engine with a runtime; called once for each, at the same time. */
  readonly open: (runtime: Runtime) => Promise<Session>;
  readonly close: (session: Session) => Promise<void>;
  readonly version: (session: Session) => Promise<string>;
  /** Whether this host is an emulated one. */
  readonly emulated?: boolean;
  /** Absent: kago and runc. */
  readonly runtimes?: readonly Runtime[];
}

type Sessions<Session> = Partial<Record<Runtime, Session>>;

/** Registers the tests. */
export function runSuite<Session>(suite: Suite<Session>): void {
  const { engine, host, runtimes = ["kago", "runc"] } = suite;
  const sessions: Sessions<Session> = {};
  const outcomes: Record<string, Outcome> = {};
  const title = (name: string) => `${engine} on ${host}: ${name}`;
  // An engine's background processes are no leak of the test that happens to start them.
  const test = (name: string, fn: () => Promise<void>) =>
    Deno.test({ name: title(name), fn, sanitizeOps: false, sanitizeResources: false });

  test("starts", async () => {
    await Promise.all(runtimes.map(async (runtime) => {
      sessions[runtime] = await suite.open(runtime);
    }));
  });
  for (const group of suite.groups) {
    const cases = group.cases.filter(({ emulated, native }) =>
      suite.emulated ? emulated?.includes(host) : native !== false
    );
    if (cases.length === 0) continue;
    if (group.setUp) test(`set-up of ${group.name}`, () => forEach(sessions, group.setUp!));
    for (const one of cases) {
      test(one.command, async () => {
        outcomes[one.command] = await tryCase(one, sessions);
      });
    }
    if (group.tearDown) test(`end of ${group.name}`, () => forEach(sessions, group.tearDown!));
  }
  test("the results are those of docs/engines.md", async () => {
    const version = await suite.version(Object.values(sessions)[0]!);
    await writeResult({ engine, version, host, outcomes });
    const told = (await readResults()).find((run) => run.engine === engine && run.host === host);
    assertEquals(outcomes, told?.outcomes, "run `deno task docs:engines` after the suites");
  });
  test("ends", () => forEach(sessions, suite.close));
}

/**
 * @throws what the case throws with kago. With another runtime it may fail; the table then says so.
 */
async function tryCase<Session>(
  { check, only }: EngineCase<Session>,
  sessions: Sessions<Session>,
): Promise<Outcome> {
  const tried = RUNTIMES.filter((runtime) => sessions[runtime] && (runtime === "kago" || !only));
  const results = await Promise.all(tried.map(async (runtime) => {
    try {
      await check(sessions[runtime]!);
      return [runtime, true];
    } catch (error) {
      if (runtime === "kago" || !(error instanceof Error)) throw error;
      console.error(`with ${runtime}: ${error.message}`);
      return [runtime, false];
    }
  }));
  return Object.fromEntries(results);
}

async function forEach<Session>(
  sessions: Sessions<Session>,
  use: (session: Session) => Promise<void>,
): Promise<void> {
  await Promise.all(Object.values(sessions).map(use));
}
