/**
 * Builds and runs the unit tests of helper-c, plainly and under sanitizers, and prints their results as one TAP stream.
 *
 *   deno run -A scripts/test_c.ts [PROGRAM ...]
 *
 * A name narrows the run to the test programs whose names contain it. Some tests need root; without it they print that
 * they are skipped. The exit code is 1 when a test failed or a program aborted.
 */
import { buildHelpers } from "./build/helpers.ts";
import { runMain } from "./run_main.ts";
import { buildVariant, listTests, type Variant, VARIANTS } from "./test_c/build.ts";

/** No program needs a tenth of it; a hanging test ends itself before. */
const TIME_LIMIT = 600_000;

interface Results {
  /** TAP lines without their numbers: `ok - fact`, `not ok - fact`, `ok - fact # SKIP`. */
  readonly lines: readonly string[];
  /** The program's standard error, and its TAP comments. */
  readonly remarks: string;
}

interface Total {
  passed: number;
  failed: number;
  skipped: number;
}

/**
 * Parses a test program's output; a program that ended before it printed its plan (`1..N`) counts as a failed test.
 * @param stdout numbered TAP
 */
export function readResults(program: string, stdout: string, stderr: string): Results {
  const lines = [...stdout.matchAll(/^(ok|not ok) \d+ - (.*)$/gm)]
    .map(([, outcome, fact]) => `${outcome} - ${program}: ${fact}`);
  const planned = /^1\.\.(\d+)$/m.exec(stdout)?.[1];
  if (planned === undefined) lines.push(`not ok - ${program}: runs to its end`);
  else if (Number(planned) !== lines.length) lines.push(`not ok - ${program}: prints every result`);
  const comments = [...stdout.matchAll(/^#.*$/gm)].map(([line]) => line).join("\n");
  return { lines, remarks: [stderr.trimEnd(), comments].filter(Boolean).join("\n") };
}

async function runProgram(path: string, label: string): Promise<Results> {
  const { stdout, stderr } = await new Deno.Command(path, {
    stdin: "null",
    signal: AbortSignal.timeout(TIME_LIMIT),
  }).output();
  const text = new TextDecoder();
  return readResults(label, text.decode(stdout), text.decode(stderr));
}

/** The remarks follow the first failure, which they probably explain; without a failure they come last. */
function print({ lines, remarks }: Results, total: Total): void {
  const printed = lines.map((line) => {
    const number = total.passed + total.failed + total.skipped + 1;
    if (line.startsWith("not ok")) total.failed++;
    else if (line.endsWith("# SKIP")) total.skipped++;
    else total.passed++;
    return line.replace("ok - ", `ok ${number} - `);
  });
  const failure = printed.findIndex((line) => line.startsWith("not ok"));
  if (remarks) {
    printed.splice(
      failure < 0 ? printed.length : failure + 1,
      0,
      remarks.replaceAll(/^(?!#)/gm, "# "),
    );
  }
  console.log(printed.join("\n"));
}

/** Runs the programs of a variant, two at a time: some wait for half a minute. */
async function runVariant(
  { name }: Variant,
  folder: string,
  tests: readonly string[],
  total: Total,
): Promise<void> {
  const left = tests.values();
  await Promise.all([1, 2].map(async () => {
    for (const test of left) {
      print(await runProgram(`${folder}/${test}`, `${test} (${name})`), total);
    }
  }));
}

async function main(names: readonly string[]): Promise<number> {
  const total: Total = { passed: 0, failed: 0, skipped: 0 };
  const tests = listTests().filter((test) =>
    names.length === 0 || names.some((name) => test.includes(name))
  );
  await buildHelpers();
  let folder = await buildVariant(VARIANTS[0]!, tests);
  for (const [index, variant] of VARIANTS.entries()) {
    const next = VARIANTS[index + 1];
    // The next variant is compiled meanwhile.
    const [built] = await Promise.all([
      next ? buildVariant(next, tests) : folder,
      runVariant(variant, folder, tests, total),
    ]);
    folder = built;
  }
  const { passed, failed, skipped } = total;
  console.log(`1..${passed + failed + skipped}`);
  console.log(`# ${passed} passed, ${failed} failed, ${skipped} skipped`);
  return failed > 0 || passed === 0 ? 1 : 0;
}

if (import.meta.main) await runMain("test_c", () => main(Deno.args));
