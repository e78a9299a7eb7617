/**
 * Runs a directory of Deno tests inside the emulated host, in one boot, and reports each from outside. It also checks
 * that the run is complete: a host that dies half-way must not look like fewer tests.
 */
import { REPOSITORY } from "../../../scripts/emulated_host/cache.ts";
import { TESTED_RELEASE } from "../../../scripts/emulated_host/debian_root.ts";
import {
  EmulatedHostError,
  type HostRun,
  runInEmulatedHost,
} from "../../../scripts/emulated_host/emulated_host.ts";
import { PEERS } from "../../engines/peers.ts";
import { MICROVM_LOG_LEVEL } from "../../harness/libkrun_log.ts";
import { runOk } from "../../harness/run.ts";
import { readTap } from "./tap.ts";
import { mayBeTripleFault } from "./triple_faults.ts";
import { given } from "../../../runtime/common/given.ts";

export interface InnerTest {
  /** Path from the repository's root. */
  readonly file: string;
  readonly name: string;
  /** Empty if the test passed; a skipped test has not passed. */
  readonly problem: string;
}

export interface InnerTestOptions {
  /** Seconds for all tests together; default 600. */
  readonly timeout?: number;
  /** Default: TESTED_RELEASE. */
  readonly release?: string;
  readonly apparmor?: boolean;
  readonly selinux?: boolean;
  /** As in HostOptions. */
  readonly systemd?: boolean;
  /** As in HostOptions. */
  readonly results?: string;
  readonly hybrid?: boolean;
  /** As in HostOptions. */
  readonly smp?: number;
  /**
   * The tests run microVMs. If a guest ended by a triple fault, which is the emulation's (triple_faults.ts), and a test
   * then failed, its file is run again in another boot, at most AGAIN times. Any other failure is final.
   */
  readonly nested?: boolean;
}

/** The maximum number of further boots of a run. */
const AGAIN = 2;

/** Compares the mounts before and after each test: those of the emulated hosts are shared. */
const SAME_MOUNTS = "tests/harness/same_mounts.ts";

const TELL_TRIPLE_FAULTS = "tests/e2e/harness/tell_triple_faults.ts";

/**
 * Boots the host once and runs every `*_test.ts` of `folder`, a path from the repository's root, in it. Calls `report`
 * for each test as soon as it has ended.
 * @throws {Error} when a file or a planned test is missing, or Deno failed beyond the reported tests.
 */
export async function runInnerTests(
  folder: string,
  report: (test: InnerTest) => Promise<unknown>,
  options: InnerTestOptions = {},
): Promise<void> {
  const files = await testFiles(folder);
  const modules = [SAME_MOUNTS, TELL_TRIPLE_FAULTS, ...files];
  await runOk(Deno.execPath(), ["cache", "--quiet", ...modules], { cwd: REPOSITORY }); // no network inside
  const reported = new Set<string>();
  for (let boot = 0, again = new Set(files); again.size > 0; boot++) {
    const now = [...again];
    again = new Set();
    const left = await runFiles(
      now,
      async (test) => {
        const { file, name, problem } = test;
        const key = `${file}: ${name}`;
        if (options.nested && boot < AGAIN && mayBeTripleFault(problem)) {
          again.add(file);
          console.error(`to be run once more in another boot: ${key}: ${problem}`);
        } else if (problem || boot === 0 || !reported.has(key)) {
          reported.add(key);
          await report(test);
        }
      },
      options,
      boot < AGAIN,
    );
    for (const file of left) again.add(file);
  }
}

/**
 * Runs the files in one boot.
 * @param mayStop whether the host may stand still, which is the emulation's fault: it is printed, and counts as no failure.
 * @returns the files that are left to be run then, the one in which it happened among them.
 */
async function runFiles(
  files: readonly string[],
  report: (test: InnerTest) => Promise<unknown>,
  options: InnerTestOptions,
  mayStop: boolean,
): Promise<readonly string[]> {
  const stdout = new LineStream();
  let stderr = "";
  const decoder = new TextDecoder();
  const command = ["deno", "test", "-A", "--no-check", "--cached-only", "--reporter=tap"];
  const preloads = [SAME_MOUNTS, ...(options.nested ? [TELL_TRIPLE_FAULTS] : [])]
    .flatMap((module) => ["--preload", module]);
  const ended = runInEmulatedHost([...command, ...preloads, ...files], {
    timeout: options.timeout ?? 600,
    release: options.release ?? TESTED_RELEASE,
    ...given({
      apparmor: options.apparmor,
      selinux: options.selinux,
      systemd: options.systemd,
      results: options.results,
      hybrid: options.hybrid,
      smp: options.smp,
    }),
    env: {
      NO_COLOR: "1",
      OUTER_KERNEL_RELEASE: Deno.osRelease(),
      [PEERS]: Deno.env.get(PEERS) ?? "",
      [MICROVM_LOG_LEVEL]: Deno.env.get(MICROVM_LOG_LEVEL) ?? "",
    },
    onStdout: (chunk) => stdout.push(chunk),
    onStderr: (chunk) => stderr += decoder.decode(chunk, { stream: true }),
  }).finally(() => stdout.close());

  const [end, seen] = await Promise.all([
    ended.catch((error: unknown) => error),
    reportAll(stdout, report),
  ]);
  if (mayStop && end instanceof EmulatedHostError && end.stoodStill) {
    const last = seen.files.at(-1);
    const left = files.filter((file) => file === last || !seen.files.includes(file));
    console.error(`to be run in another boot, ${left}: ${end.message}`);
    return left;
  }
  if (end instanceof Error) throw end;
  const run = end as HostRun;
  const problems = incompleteness(files, seen);
  if (run.code !== 0 && seen.failed === 0) problems.push(`deno test ended with ${run.code}`);
  if (problems.length > 0) {
    throw new Error(`${problems.join("; ")}; standard error inside:\n${stderr.trimEnd()}`);
  }
  if (seen.failed > 0) {
    console.error(`standard error inside, its end:\n${stderr.trimEnd().slice(-4000)}`);
  }
  return [];
}

interface Seen {
  readonly files: string[];
  tests: number;
  failed: number;
  planned?: number;
}

async function reportAll(
  lines: AsyncIterable<string>,
  report: (test: InnerTest) => Promise<unknown>,
): Promise<Seen> {
  const seen: Seen = { files: [], tests: 0, failed: 0 };
  for await (const event of readTap(lines)) {
    if (event.kind === "file") seen.files.push(event.path.replace(/^\.\//, ""));
    else if (event.kind === "plan") seen.planned = event.count;
    else {
      seen.tests += 1;
      if (event.outcome === "failed") seen.failed += 1;
      const skipped = event.outcome === "skipped" ? "skipped inside the emulated host" : "";
      const failed = event.outcome === "failed" ? event.failures.join("\n") || "failed" : "";
      await report({ file: seen.files.at(-1) ?? "", name: event.name, problem: skipped + failed });
    }
  }
  return seen;
}

function incompleteness(files: readonly string[], seen: Seen): string[] {
  const problems = files
    .filter((file) => !seen.files.includes(file))
    .map((file) => `no test of ${file} ran, perhaps it does not load`);
  if (seen.planned === undefined) problems.push(`the tests broke off after ${seen.tests}`);
  else if (seen.planned !== seen.tests) problems.push(`${seen.tests} of ${seen.planned} tests ran`);
  return problems;
}

async function testFiles(folder: string): Promise<string[]> {
  const files = [];
  for await (const { name } of Deno.readDir(`${REPOSITORY}/${folder}`)) {
    if (name.endsWith("_test.ts")) files.push(`${folder}/${name}`);
  }
  if (files.length === 0) throw new Error(`${folder} holds no tests`);
  return files.sort();
}

/** Takes chunks, and yields lines as soon as they are complete. */
class LineStream implements AsyncIterable<string> {
  readonly #chunks = new TransformStream<Uint8Array, Uint8Array>(undefined, undefined, {
    highWaterMark: Infinity,
  });
  readonly #writer = this.#chunks.writable.getWriter();

  push(chunk: Uint8Array): void {
    this.#writer.write(chunk);
  }

  close(): Promise<void> {
    return this.#writer.close();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<string> {
    const decoder = new TextDecoder();
    let rest = "";
    for await (const chunk of this.#chunks.readable) {
      const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
      rest = lines.pop() ?? "";
      yield* lines;
    }
    if (rest) yield rest;
  }
}
