/**
 * Reads the output of `deno test --reporter=tap` (Test Anything Protocol 14) line by line. Only the syntax;
 * inner_tests.ts decides what a good run is.
 */

export type TapEvent =
  | { readonly kind: "file"; readonly path: string }
  | {
    readonly kind: "test";
    readonly name: string;
    readonly outcome: "passed" | "failed" | "skipped";
    /** Why it failed, its steps' failures first; empty otherwise. */
    readonly failures: readonly string[];
  }
  | { readonly kind: "plan"; readonly count: number };

const FILE = /^# (\.\/.+)$/;
const RESULT = /^(ok|not ok) \d+ - (.*?)( # SKIP.*)?$/;
const PLAN = /^1\.\.(\d+)$/;
const DIAGNOSTIC = /^\s*\{"message":/;

/** Steps of a test are indented; only their failures are reported, as part of the test's. */
export async function* readTap(lines: AsyncIterable<string>): AsyncGenerator<TapEvent> {
  let failures: string[] = [];
  let failed: string | undefined;
  for await (const line of lines) {
    if (failed !== undefined && line === "  ...") {
      yield { kind: "test", name: failed, outcome: "failed", failures };
      [failed, failures] = [undefined, []];
      continue;
    }
    if (DIAGNOSTIC.test(line)) failures.push(message(line));
    const [, path] = FILE.exec(line) ?? [];
    if (path) yield { kind: "file", path };
    const [, verdict, name, skip] = RESULT.exec(line) ?? [];
    if (name !== undefined && verdict === "not ok") failed = unescapeName(name);
    else if (name !== undefined) {
      yield {
        kind: "test",
        name: unescapeName(name),
        outcome: skip ? "skipped" : "passed",
        failures: [],
      };
      failures = [];
    }
    const [, count] = PLAN.exec(line) ?? [];
    if (count) yield { kind: "plan", count: Number(count) };
  }
  if (failed !== undefined) yield { kind: "test", name: failed, outcome: "failed", failures };
}

function message(line: string): string {
  const diagnostic: unknown = JSON.parse(line);
  const { message } = diagnostic as { message: string };
  return message;
}

/** TAP 14, "Escaping": a backslash before `\` and `#`. */
function unescapeName(name: string): string {
  return name.replaceAll(/\\([\\#])/g, "$1");
}
