/**
 * Runs every suite one after the other and counts. A suite that breaks off counts its failure; a skipped test is a
 * failed one, because on the machine that CI gives nothing is allowed to be skipped.
 */
import { ROOT } from "./build/paths.ts";

interface Suite {
  readonly name: string;
  readonly command: readonly string[];
  /** How its counts are read; a suite of a single outcome counts as one test. */
  readonly reads: "deno" | "tap" | "exit code";
}

const DENO = Deno.execPath();

const SUITES: readonly Suite[] = [
  { name: "check", command: ["run", "-A", "scripts/check.ts"], reads: "exit code" },
  { name: "build", command: ["run", "-A", "scripts/build.ts"], reads: "exit code" },
  { name: "C", command: ["run", "-A", "scripts/test_c.ts"], reads: "tap" },
  { name: "fuzz", command: ["run", "-A", "scripts/fuzz.ts"], reads: "tap" },
  {
    name: "unit",
    command: ["test", "-A", "--parallel", "tests/unit", "tests/conformance"],
    reads: "deno",
  },
  { name: "integration", command: ["test", "-A", "tests/integration"], reads: "deno" },
  { name: "security", command: ["test", "-A", "tests/security"], reads: "deno" },
  { name: "differential", command: ["test", "-A", "tests/differential"], reads: "deno" },
  { name: "conformance", command: ["run", "-A", "tests/conformance/run.ts"], reads: "tap" },
  { name: "engines", command: ["test", "-A", "tests/engines"], reads: "deno" },
  {
    name: "engines, emulated",
    command: ["test", "-A", "tests/e2e/engines_host_test.ts"],
    reads: "deno",
  },
  { name: "e2e", command: ["test", "-A", "tests/e2e/emulated_host_test.ts"], reads: "deno" },
  {
    name: "conformance, emulated",
    command: ["run", "-A", "tests/conformance/run.ts", "--emulated"],
    reads: "tap",
  },
  { name: "systemd", command: ["test", "-A", "tests/e2e/systemd_host_test.ts"], reads: "deno" },
];

interface Count {
  readonly passed: number;
  readonly failed: number;
}

/** Counts of `deno test`'s last line: `ok | 12 passed (3 steps) | 0 failed | 1 ignored (2s)`. */
export function countDeno(output: string, success: boolean): Count {
  // deno-lint-ignore no-control-regex
  const plain = output.replaceAll(/\x1b\[[0-9;]*m/g, "");
  const last = [...plain.matchAll(/^(?:ok|FAILED) \|.*$/gm)].at(-1)?.[0] ?? "";
  const number = (pattern: RegExp) => Number(pattern.exec(last)?.[1] ?? 0);
  const steps = number(/passed \((\d+) steps?\)/) + number(/failed \((\d+) steps?\)/);
  const failed = number(/(\d+) failed/) + number(/(\d+) ignored/);
  const passed = number(/(\d+) passed/) + steps;
  return settle({ passed, failed }, success);
}

/** Counts of TAP lines: `ok 1 - name`, `not ok 2 - name`; `# SKIP` counts as failed. */
export function countTap(output: string, success: boolean): Count {
  const failed = output.match(/^(not ok\b.*|ok\b.*# SKIP.*)$/gm)?.length ?? 0;
  const lines = output.match(/^(not )?ok\b/gm)?.length ?? 0;
  return settle({ passed: lines - failed, failed }, success);
}

/** A suite that failed without naming a test, or passed without running one, has failed. */
function settle(count: Count, success: boolean): Count {
  if (success && count.passed > 0) return count;
  return { ...count, failed: Math.max(count.failed, 1) };
}

async function runSuite({ name, command, reads }: Suite): Promise<Count> {
  console.log(`\n== ${name}`);
  const child = new Deno.Command(DENO, {
    args: [...command],
    cwd: ROOT,
    env: { DENO_NO_UPDATE_CHECK: "1", NO_COLOR: "1" },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const [output, errors] = await Promise.all([echo(child.stdout), echo(child.stderr)]);
  const { success } = await child.status;
  if (reads === "exit code") return success ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 };
  return (reads === "tap" ? countTap : countDeno)(`${output}\n${errors}`, success);
}

async function echo(stream: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of stream) {
    Deno.stdout.writeSync(chunk);
    text += decoder.decode(chunk, { stream: true });
  }
  return text;
}

if (import.meta.main) {
  const total = { passed: 0, failed: 0 };
  for (const suite of SUITES) {
    const { passed, failed } = await runSuite(suite);
    console.log(`-- ${suite.name}: ${passed} passed, ${failed} failed`);
    total.passed += passed;
    total.failed += failed;
  }
  console.log(`\n${total.passed} passed, ${total.failed} failed`);
  Deno.exit(total.failed === 0 ? 0 : 1);
}
