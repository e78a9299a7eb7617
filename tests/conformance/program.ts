/**
 * Runs one validation program with one runtime. Owns the program's environment: a mount namespace, a state root and a
 * folder for bundles of its own, a time limit, and the removal of whatever it leaves.
 */
import { KAGO } from "../harness/kago.ts";
import { run } from "../harness/run.ts";
import { removeSuiteCgroups } from "./cgroups.ts";
import { EMULATED } from "../harness/emulated.ts";
import { parseTap, type Report } from "./tap.ts";

export interface Outcome extends Report {
  /** Seconds. */
  readonly duration: number;
  /** All output of the program, standard error last. */
  readonly output: string;
}

/** Seconds. The slowest program waits five times for ten, and a command takes seconds under emulation. */
const LIMIT = EMULATED ? 900 : 300;

/** timeout(1)'s exit code after the time limit. */
const TIMED_OUT = 124;

/** Programs that name fixed cgroups of the host, the same for all runtimes. */
const WITH_FIXED_CGROUPS = /^linux_cgroups_|^delete_(only_create_)?resources$/;

/** Whether the program must not run in parallel with another one that uses the same cgroups. */
export function usesFixedCgroups(program: string): boolean {
  return WITH_FIXED_CGROUPS.test(program);
}

/**
 * Runs `directory/program` with `runtime`, an absolute path.
 * @throws {Error} when what it left cannot be removed.
 */
export async function runProgram(
  directory: string,
  program: string,
  runtime: string,
): Promise<Outcome> {
  const temporary = await Deno.makeTempDir({ prefix: "conformance_" });
  await Deno.chmod(temporary, 0o755); // as /tmp: root of a user namespace must be able to traverse it
  const root = `${temporary}/root`;
  const started = performance.now();
  try {
    const command = await writeWrapper(`${temporary}/runtime`, runtime, root);
    const words = ["--kill-after=5", `${LIMIT}`, ...inOwnMounts(runtime), `./${program}`];
    const { code, stdout, stderr } = await run("timeout", words, {
      cwd: directory,
      env: { RUNTIME: command, TMPDIR: temporary },
      timeout: LIMIT + 30,
    });
    const duration = (performance.now() - started) / 1000;
    const report = parseTap(stdout);
    const ending = describeEnding(code);
    const failed = ending ? [...report.failed, ending] : report.failed;
    return { ...report, failed, output: stdout + stderr, duration };
  } finally {
    await removeContainers(runtime, root);
    if (usesFixedCgroups(program)) await removeSuiteCgroups();
    await Deno.remove(temporary, { recursive: true });
  }
}

/**
 * A mount namespace for the program: a runtime without one in config.json mounts in the caller's. Its mounts are shared
 * if the caller's are. kago must leave them unchanged; runc leaves what it mounts without a mount namespace.
 */
function inOwnMounts(runtime: string): string[] {
  const mountinfo = Deno.readTextFileSync("/proc/self/mountinfo");
  const share = / \/ \/ \S+ shared:/.test(mountinfo) ? "mount --make-rshared /" : ":";
  const compare = runtime === KAGO ? COMPARE : 'exec "$@"';
  return ["unshare", "--mount", "sh", "-c", `${share}\n${compare}`, "sh"];
}

const COMPARE = `
mounts() { cut -d ' ' -f 3- /proc/self/mountinfo | sort; }
before=$(mounts)
"$@" || exit $?
after=$(mounts)
if [ "$before" != "$after" ]; then
  printf '# the mounts were\n%s\nand are\n%s\n' "$before" "$after"
  exit 1
fi
`;

/** The suite accepts its runtime as one word, without arguments. */
async function writeWrapper(path: string, runtime: string, root: string): Promise<string> {
  await Deno.mkdir(root);
  await Deno.writeTextFile(path, `#!/bin/sh\nexec '${runtime}' --root '${root}' "$@"\n`);
  await Deno.chmod(path, 0o755);
  return path;
}

function describeEnding(code: number): string | undefined {
  if (code === 0) return undefined;
  return code === TIMED_OUT ? `has not ended after ${LIMIT} s` : `ends with exit code ${code}`;
}

async function removeContainers(runtime: string, root: string): Promise<void> {
  for (const { name } of [...Deno.readDirSync(root)]) {
    if (name.startsWith("~")) continue; // kago's caches
    const { code, stderr } = await run(runtime, ["--root", root, "delete", "--force", name]);
    if (code !== 0) throw new Error(`${runtime} cannot delete ${name}: ${stderr}`);
  }
}
