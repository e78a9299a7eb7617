/**
 * Runs the same bundles under runc, crun and kago: what the process inside sees must equal what one of the others shows
 * it. Bundles come from a seed: `deno test -A tests/differential -- --seed=N --bundles=N`. Needs root, runc and crun.
 */
import { assertEquals } from "@std/assert";
import { parseArgs } from "@std/cli/parse-args";
import { compare, type Results, unexplained } from "./compare.ts";
import { type Outcome, runUnderAll } from "./contender.ts";
import { DEVIATIONS } from "./deviations.ts";
import { Fixture } from "./fixture.ts";
import { chooseVariations, nameOf } from "./generate.ts";

const { seed, bundles } = parseArgs(Deno.args, { default: { seed: 1, bundles: 96 } });
const chosen = chooseVariations(Number(seed), Number(bundles));
const idOf = (bundle: number) => `differential-${Deno.pid}-${bundle}`;
let fixture: Fixture;
let baseline: Results;

Deno.test.beforeAll(async () => {
  console.log(`seed ${seed}, ${chosen.length} bundles`);
  fixture = await Fixture.make();
  baseline = factsOf(await runUnderAll([], fixture, idOf(0)));
});
Deno.test.afterAll(() => fixture.remove());

Deno.test("bundle 0: nothing varies", () => {
  assertEquals(unexplained(compare(baseline, baseline), DEVIATIONS, "nothing varies"), []);
});

for (const [index, list] of chosen.entries()) {
  const name = nameOf(list);
  Deno.test(`bundle ${index + 1}: ${name}`, async () => {
    const outcomes = await runUnderAll(list, fixture, idOf(index + 1));
    const differences = unexplained(compare(factsOf(outcomes), baseline), DEVIATIONS, name);
    const said = Object.entries(outcomes).map(([name, { stderr }]) => `${name} said: ${stderr}`);
    assertEquals(differences, [], `neither runc nor crun shows this\n${said.join("\n")}`);
  });
}

function factsOf({ runc, crun, kago }: Record<"runc" | "crun" | "kago", Outcome>): Results {
  return { runc: runc.facts, crun: crun.facts, kago: kago.facts };
}
