/**
 * Runs every suite, two in parallel, and counts: first those of this machine, then the emulated hosts; with `--root`
 * only integration, security and differential. A suite that aborts counts as a failure; a skipped test counts as failed,
 * because nothing may be skipped on the machine that CI provides.
 */
import { ROOT } from "./build/paths.ts";

interface Suite {
  readonly name: string;
  readonly command: readonly string[];
  /** The suite gets its own mount namespace with mounts of this propagation; absent: the caller's namespace. */
  readonly mounts?: "private" | "shared";
  /** Does it get a pid namespace, so that it sees no processes of other suites? */
  readonly pids?: "own";
  /** The format of its output; a suite with a single outcome counts as one test. */
  readonly reads: "deno" | "tap" | "exit code";
}

const DENO = Deno.execPath();

function tests(name: string, ...words: readonly string[]): Suite {
  return { name, command: ["test", "-A", ...words], reads: "deno" };
}

/** All other suites need these. */
const FIRST: readonly Suite[] = [
  { name: "check", command: ["run", "-A", "scripts/check.ts"], reads: "exit code" },
  { name: "build", command: ["run", "-A", "scripts/build.ts"], reads: "exit code" },
];

/** Compares the mounts before and after each test. */
const SAME_MOUNTS = ["--preload", "tests/harness/same_mounts.ts"];

type Mounts = NonNullable<Suite["mounts"]>;

function withMounts(mounts: Mounts, suite: Suite): Suite {
  return { ...suite, name: `${suite.name}, ${mounts} mounts`, mounts };
}

/** Tests whose outcome may depend on the propagation of the host's mounts. */
const ABOUT_MOUNTS = [
  ...["container", "checkpoint", "idmap", "propagation"]
    .map((name) => `integration/${name}`),
  ...["mount_attributes", "mount_kinds", "mount_links", "shared_mounts", "device_path"]
    .map((name) => `integration/${name}`),
  ...["mount_race", "mount_target", "no_pivot", "proc", "fake_proc", "rootfs_dev", "vmm_mounts"]
    .map((name) => `security/${name}`),
].map((name) => `tests/${name}_test.ts`);

/** On a host with shared mounts, as under systemd. */
const [INTEGRATION, SECURITY, DIFFERENTIAL] = ["integration", "security", "differential"]
  .map((name) => withMounts("shared", tests(name, ...SAME_MOUNTS, `tests/${name}`))) as [
    Suite,
    Suite,
    Suite,
  ];

/** Suites that share this machine's cgroups and engines, and run one after the other. docs/tests.md has the reasons. */
const CONTAINERS: readonly Suite[] = [
  // The part that concerns mounts also on private ones.
  withMounts("private", tests("mounts", ...SAME_MOUNTS, ...ABOUT_MOUNTS)),
  INTEGRATION,
  SECURITY,
  ...[
    {
      name: "differential",
      command: ["run", "-A", "tests/differential/peers_of.ts"],
      reads: "deno",
    } as const,
    {
      name: "conformance",
      command: ["run", "-A", "tests/conformance/run.ts"],
      reads: "tap",
    } as const,
    tests("engines", ...SAME_MOUNTS, "tests/engines"),
    {
      name: "deno compile",
      command: ["run", "-A", "tests/compiled/run.ts", "--whole"],
      reads: "deno",
    } as const,
  ].map((suite) => withMounts("shared", suite)),
  { ...tests("neighbour", ...SAME_MOUNTS, "tests/neighbour"), mounts: "private", pids: "own" },
];

/** Suites that may run in parallel with them, and those that prepare the emulated hosts. */
const PIECES: readonly Suite[] = [
  { name: "C", command: ["run", "-A", "scripts/test_c.ts"], reads: "tap" },
  { name: "fuzz", command: ["run", "-A", "scripts/fuzz.ts", "--runs=500000"], reads: "tap" },
  tests("unit", "--parallel", "tests/unit", "tests/conformance"),
  {
    name: "emulated hosts",
    command: ["run", "-A", "scripts/emulated_host/prepare.ts"],
    // Making a root creates temporary mounts, which the other suites must not see.
    mounts: "private",
    reads: "exit code",
  },
];

/** Boots of the emulated host, the longest first. Each keeps at most one processor and a half busy. */
const BOOTS: readonly Suite[] = [
  tests("microVM host", "tests/e2e/microvm_host_test.ts"),
  tests("systemd host", "tests/e2e/systemd_host_test.ts"),
  tests("plain host", "tests/e2e/plain_host_test.ts"),
  tests("engines, emulated", "tests/e2e/engines_host_test.ts"),
  tests("newcomer", "tests/e2e/newcomer_test.ts"),
  {
    name: "conformance, emulated",
    command: ["run", "-A", "tests/conformance/run.ts", "--emulated"],
    reads: "tap",
  },
  tests("SELinux host", "tests/e2e/selinux_host_test.ts"),
];

/** `--root`: the suites with containers, with the machine's own runc and crun. */
const ROOT_TIER = [[INTEGRATION], [SECURITY, DIFFERENTIAL]];

interface Count {
  readonly passed: number;
  readonly failed: number;
}

/** Limits of the repeated output of a suite's failures: lines, and characters of a line. */
const REPORT_LINES = 120;
const REPORT_WIDTH = 400;

/** Counts from `deno test`'s last line: `FAILED | 12 passed (3 steps) | 1 failed (2 steps) | 1 ignored (2s)`. */
export function countDeno(output: string, success: boolean): Count {
  const last = [...output.matchAll(/^(?:ok|FAILED) \|.*$/gm)].at(-1)?.[0] ?? "";
  const sum = (...patterns: RegExp[]) =>
    patterns.reduce((total, pattern) => total + Number(pattern.exec(last)?.[1] ?? 0), 0);
  const passed = sum(/(\d+) passed/, /passed \((\d+) steps?\)/);
  const failed = sum(
    /(\d+) failed/,
    /failed \((\d+) steps?\)/,
    /(\d+) ignored/,
    /ignored \((\d+) steps?\)/,
  );
  return settle({ passed, failed }, success);
}

/** Counts from TAP lines: `ok 1 - name`, `not ok 2 - name`; `# SKIP` counts as failed. */
export function countTap(output: string, success: boolean): Count {
  const failed = failedTaps(output).length;
  const lines = output.match(/^(not )?ok\b/gm)?.length ?? 0;
  return settle({ passed: lines - failed, failed }, success);
}

function failedTaps(output: string): string[] {
  return output.match(/^(not ok\b.*(\n#.*)*|ok\b.*# SKIP.*)$/gm) ?? [];
}

/** The output of a failed suite about its failures, or its last lines: at most 120 lines of 400 characters. */
export function failuresOf(output: string, reads: Suite["reads"]): string {
  const taps = reads === "tap" ? failedTaps(output) : [];
  const [, errors = output] = /^ ERRORS $([^]*)^FAILED \|/m.exec(output) ?? [];
  const lines = (taps.length > 0 ? taps.join("\n") : errors.trim()).split("\n");
  return lines.slice(-REPORT_LINES).map((line) => line.slice(0, REPORT_WIDTH)).join("\n");
}

const COUNTS = {
  deno: countDeno,
  tap: countTap,
  "exit code": (_output: string, success: boolean) => ({ passed: +success, failed: +!success }),
};

/** A suite that failed without naming a test, or passed without running one, counts as failed. */
function settle(count: Count, success: boolean): Count {
  if (success && count.passed > 0) return count;
  return { ...count, failed: Math.max(count.failed, 1) };
}

interface Outcome extends Count {
  readonly failures: string;
}

/** The namespace's first process must reap orphans, as a shell does. */
const OWN_PIDS = ["--pid", "--fork", "--mount-proc", "sh", "-c", '"$@"; exit $?', "sh"];

/** Two suites run in parallel: each line of their output begins with the suite's name and the time. */
async function runSuite({ name, command, reads, mounts, pids }: Suite): Promise<Outcome> {
  console.log(`\n== ${name}`);
  const enter = mounts
    ? [
      ...["unshare", "--mount", `--propagation=${mounts}`],
      ...(pids ? OWN_PIDS : []),
    ]
    : [];
  const [program, ...args] = [...enter, DENO, ...command];
  const child = new Deno.Command(program!, {
    args,
    cwd: ROOT,
    env: { DENO_NO_UPDATE_CHECK: "1", NO_COLOR: "1" },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const streams = await Promise.all([
    echo(child.stdout, name),
    echo(child.stderr, name),
  ]);
  const output = streams.join("\n");
  const { success } = await child.status;
  const count = COUNTS[reads](output, success);
  return { ...count, failures: count.failed > 0 ? failuresOf(output, reads) : "" };
}

/** Minutes and seconds since the run began. */
function sinceStart(): string {
  const seconds = Math.floor(performance.now() / 1000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

/** Prints whole lines, each after the suite's name and the time; returns the text without them. */
async function echo(
  stream: ReadableStream<Uint8Array<ArrayBuffer>>,
  name: string,
): Promise<string> {
  let text = "";
  let told = 0;
  const tell = (end: number) => {
    if (end <= told) return;
    const prefix = `${name} ${sinceStart()} | `;
    console.log(text.slice(told, end).replace(/\n$/, "").replaceAll(/^/gm, prefix));
    told = end;
  };
  for await (const chunk of stream.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    tell(text.lastIndexOf("\n") + 1);
  }
  tell(text.length);
  return text;
}

const total = { passed: 0, failed: 0 };
let failures = "";

/** Runs the suites one after the other; several callers may share one iterator. */
async function runAll(suites: Iterable<Suite>): Promise<void> {
  for (const suite of suites) {
    const start = Date.now();
    const { passed, failed, failures: told } = await runSuite(suite);
    const seconds = Math.round((Date.now() - start) / 1000);
    console.log(`-- ${suite.name}: ${passed} passed, ${failed} failed (${seconds} s)`);
    total.passed += passed;
    total.failed += failed;
    if (failed > 0) failures += `\n== what failed in ${suite.name}\n${told}\n`;
  }
}

async function runEverything(): Promise<void> {
  await runAll(FIRST);
  const boots = BOOTS.values();
  await Promise.all([CONTAINERS, PIECES].map(async (suites) => {
    await runAll(suites);
    await runAll(boots);
  }));
}

if (import.meta.main) {
  if (Deno.args[0] === "--root") await Promise.all(ROOT_TIER.map(runAll));
  else await runEverything();
  // Repeated at the end, where it is easy to find.
  console.log(`${failures}\n${total.passed} passed, ${total.failed} failed`);
  Deno.exit(total.failed === 0 ? 0 : 1);
}
