/**
 * The same `exec` under runc and kago, in the same container: what the process sees, and how it ends, must be equal.
 * Needs root and runc.
 */
import { assertEquals, assertMatch } from "@std/assert";
import { type Difference, unexplained } from "../compare.ts";
import { EXEC_CASES } from "./exec_cases.ts";
import { ExecContender, type ExecOutcome, type ExecRuntime } from "./exec_contender.ts";
import { EXEC_DEVIATIONS } from "./exec_deviations.ts";
import type { Facts } from "../facts.ts";

const started = new Map<string, Promise<ExecContender>>();

/** All cases share one container of each kind and runtime. */
function contender(runtime: ExecRuntime, container: string): Promise<ExecContender> {
  const key = `${runtime} ${container}`;
  const found = started.get(key) ?? ExecContender.start(runtime, container);
  started.set(key, found);
  return found;
}

Deno.test.afterAll(async () => {
  for (const each of started.values()) await (await each)[Symbol.asyncDispose]();
});

for (const wanted of EXEC_CASES) {
  const name = `${wanted.container}: ${wanted.name}`;
  Deno.test(`exec in a container, ${name}`, async () => {
    const runc = await (await contender("runc", wanted.container)).exec(wanted);
    const kago = await (await contender("kago", wanted.container)).exec(wanted);
    const differences = unexplained(differing(runc.facts, kago.facts), EXEC_DEVIATIONS, name);
    assertEquals(differences, [], `runc ${outcomeText(runc)}\nkago ${outcomeText(kago)}`);
    if (wanted.gist) { for (const { stderr } of [runc, kago]) assertMatch(stderr, wanted.gist); }
  });
}

function differing(runc: Facts, kago: Facts): Difference[] {
  return [...new Set([...runc.keys(), ...kago.keys()])]
    .map((fact) => ({ fact, runc: runc.get(fact), crun: undefined, kago: kago.get(fact) }))
    .filter((difference) => difference.runc !== difference.kago);
}

/** Whether a probe stopped early shows in its exit code and in its last lines. */
function outcomeText({ code, stdout, stderr }: ExecOutcome): string {
  return `ended with ${code}, said: ${stderr}\nand printed, at last:\n${stdout.slice(-600)}`;
}
