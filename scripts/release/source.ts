/** The released commit, whose version, time and author are written into the files. */
import { HostError } from "../../runtime/common/errors.ts";
import { runCommand } from "../build/command.ts";
import { ROOT } from "../build/paths.ts";
import { readVersion } from "../build/version.ts";

export interface Source {
  readonly version: string;
  readonly commit: string;
  /** Seconds since 1970, the time of every file: the commit's, or SOURCE_DATE_EPOCH. */
  readonly epoch: number;
  /** `Name <address>`, of the commit. */
  readonly maintainer: string;
}

/**
 * @param version the requested version of the release.
 * @throws {HostError} when deno.json has another version, or the checkout is not the commit.
 */
export async function readSource(version: string): Promise<Source> {
  const { version: own } = await readVersion();
  if (own !== version) {
    throw new HostError(
      `deno.json has the version ${own}, not ${version}`,
      `set "version" in deno.json to "${version}" and commit it, or release ${own}`,
    );
  }
  const changed = await git("status", "--porcelain");
  if (changed) {
    throw new HostError(
      `the checkout has changes that are in no commit: ${changed.split("\n")[0]!.trim()}`,
      "commit them, or release from a fresh clone",
    );
  }
  const [commit, time, name, address] = (await git("show", "-s", "--format=%H%n%ct%n%cn%n%ce"))
    .split("\n");
  const epoch = Number(Deno.env.get("SOURCE_DATE_EPOCH") || time);
  return { version, commit: commit!, epoch, maintainer: `${name} <${address}>` };
}

async function git(...args: readonly string[]): Promise<string> {
  return (await runCommand("git", ["-C", ROOT, ...args])).trim();
}
