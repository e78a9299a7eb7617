/** Finds criu, and checks its version and features. */
import { childEnvironment } from "../../ffi/environment.ts";
import { HostError, withReason } from "../common/errors.ts";
import { findProgram } from "../find_program.ts";
import { joinPath } from "../common/path.ts";

/**
 * The oldest version with all features that are used here: external pid namespaces, the freezer of cgroup v2, and
 * notifications about lazy pages.
 */
const LEAST = "3.15";
/** The first version in which `--lsm-profile` and `--lsm-mount-context` work. */
export const LEAST_FOR_LSM = "3.16";

export interface CriuProgram {
  readonly path: string;
  /** Such as `3.17.1`. */
  readonly version: string;
}

/**
 * @param wanted a name or a path, from `--criu`.
 * @throws {HostError} when criu is missing or too old.
 */
export function findCriu(wanted = "criu"): CriuProgram {
  const path = wanted.includes("/") ? joinPath(Deno.cwd(), wanted) : findProgram(wanted);
  if (path === undefined) {
    throw new HostError(
      `${wanted}, which checkpoints and restores containers, is not on this host`,
      "install criu, or name it with --criu",
    );
  }
  const program = { path, version: askVersion(path) };
  requireVersion(program, LEAST, "checkpointing and restoring containers");
  return program;
}

/** @throws {HostError} that names the version required for `purpose`. */
export function requireVersion(
  { path, version }: CriuProgram,
  least: string,
  purpose: string,
): void {
  if (compareVersions(version, least) >= 0) return;
  throw new HostError(
    `${path} is criu ${version}, and ${purpose} needs at least ${least}`,
    "install a newer criu",
  );
}

/**
 * Checks for a feature that a kernel may lack though criu works on it; without the check criu fails half way.
 * @param feature criu's name for it (criu(8), "check --feature").
 * @throws {HostError} that names the option which needs it.
 */
export function requireFeature({ path }: CriuProgram, feature: string, option: string): void {
  const args = ["check", "--feature", feature];
  const { success, stderr } = runCriu(path, args);
  if (success) return;
  const said = new TextDecoder().decode(stderr).trim().split("\n").at(-1)!;
  throw new HostError(
    `${option} needs ${feature}, which criu does not find here: ${said.replace(/\.$/, "")}`,
    "leave the option out, or use a kernel that has it",
  );
}

function askVersion(path: string): string {
  let output: Deno.CommandOutput;
  try {
    output = runCriu(path, ["--version"]);
  } catch (cause) {
    throw new HostError(
      withReason(`${path} cannot be executed`, cause),
      "name another criu with --criu",
      { cause },
    );
  }
  const version = parseVersion(new TextDecoder().decode(output.stdout));
  if (version !== undefined) return version;
  throw new HostError(
    `${path} --version does not print a version of criu`,
    "name another criu with --criu",
  );
}

function runCriu(path: string, args: string[]): Deno.CommandOutput {
  return new Deno.Command(path, { args, ...childEnvironment(), stdin: "null" }).outputSync();
}

/** The version in the output of `criu --version`. */
export function parseVersion(text: string): string | undefined {
  return /^Version: (\d+\.\d+(?:\.\d+)?)/m.exec(text)?.[1];
}

/** Negative when `a` is older. */
export function compareVersions(a: string, b: string): number {
  const [as, bs] = [a, b].map((version) => version.split(".").map(Number));
  for (let i = 0; i < 3; i++) {
    const difference = (as![i] ?? 0) - (bs![i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** @throws {HostError} when the caller is not root on the host. */
export function requireRoot(operation: string, isRootless: boolean): void {
  if (!isRootless) return;
  throw new HostError(
    `only the host's root can ${operation} a container`,
    "criu needs the privileges of root: run as root",
  );
}
