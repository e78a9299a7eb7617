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
  /** Starts the engine with a runtime; called once for each. */
  readonly open: (runtime: Runtime) => Promise<Session>;
  readonly close: (session: Session) => Promise<void>;
  readonly version: (session: Session) => Promise<string>;
  /** Whether this host is an emulated one. */
  readonly emulated?: boolean;
  /** Absent: both. */
  readonly runtimes?: readonly Runtime[];
}

type Sessions<Session> = Partial<Record<Runtime, Session>>;

/** Registers the tests. */
export function runSuite<Session>(suite: Suite<Session>): void {
  const { engine, host } = suite;
  const sessions: Sessions<Session> = {};
  const outcomes: Record<string, Outcome> = {};
  const title = (name: string) => `${engine} on ${host}: ${name}`;
  // An engine's background processes are no leak of the test that happens to start them.
  const test = (name: string, fn: () => Promise<void>) =>
    Deno.test({ name: title(name), fn, sanitizeOps: false, sanitizeResources: false });

  test("starts", async () => {
    for (const runtime of suite.runtimes ?? RUNTIMES) sessions[runtime] = await suite.open(runtime);
  });
  for (const group of suite.groups) {
    const cases = group.cases.filter(({ hosts, everywhere }) =>
      (hosts?.includes(host) ?? true) && (everywhere || !suite.emulated)
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
 * @throws what the case throws with kago. With runc it may fail; the table then says so.
 */
async function tryCase<Session>(
  { check, only }: EngineCase<Session>,
  sessions: Sessions<Session>,
): Promise<Outcome> {
  const { kago, runc } = sessions;
  const fails = (error: Error) => {
    console.error(`with runc: ${error.message}`);
    return false;
  };
  const [byKago, byRunc] = await Promise.all([
    kago && check(kago).then(() => true),
    only === "kago" ? undefined : runc && check(runc).then(() => true, fails),
  ]);
  return {
    ...(byKago === undefined ? {} : { kago: byKago }),
    ...(byRunc === undefined ? {} : { runc: byRunc }),
  };
}

async function forEach<Session>(
  sessions: Sessions<Session>,
  use: (session: Session) => Promise<void>,
): Promise<void> {
  await Promise.all(Object.values(sessions).map(use));
}
