/** The product's version: that of deno.json and the commit from which it was built. */
import { HostError } from "../../runtime/common/errors.ts";
import { CommandError, runCommand } from "./command.ts";
import { ROOT } from "./paths.ts";
import { exists } from "./output_file.ts";

export interface Version {
  /** `version` of deno.json, `unknown` when it has none. */
  readonly version: string;
  /** The commit from `git describe`, with `-dirty` after local changes; `unknown` outside a git checkout. */
  readonly commit: string;
  /** The date of the commit, `2026-11-29`; outside a git checkout that of SOURCE_DATE_EPOCH, or today. */
  readonly date: string;
}

/** Reads the version; the variable `KAGO_COMMIT` names the commit for builds from an archive. */
export async function readVersion(): Promise<Version> {
  const config: { version?: string } = JSON.parse(await Deno.readTextFile(`${ROOT}/deno.json`));
  return {
    version: config.version ?? "unknown",
    commit: Deno.env.get("KAGO_COMMIT") || await askGit(DESCRIBE) || "unknown",
    date: await askGit(["show", "-s", "--format=%cs"]) || sourceDate(),
  };
}

const DESCRIBE = ["describe", "--always", "--dirty", "--abbrev=12", "--match", "v*"];

/** The output of git in the checkout; undefined if there is none. */
async function askGit(args: readonly string[]): Promise<string | undefined> {
  // For an archive unpacked inside another checkout, git would return that one's commit.
  if (!await exists(`${ROOT}/.git`)) return undefined;
  try {
    return (await runCommand("git", ["-C", ROOT, ...args])).trim();
  } catch (error) {
    // git is not installed, or does not trust the checkout's owner: the build continues without the commit.
    if (error instanceof HostError || error instanceof CommandError) return undefined;
    throw error;
  }
}

/** reproducible-builds.org: seconds since 1970. */
function sourceDate(): string {
  const epoch = Deno.env.get("SOURCE_DATE_EPOCH");
  return new Date(epoch ? Number(epoch) * 1000 : Date.now()).toISOString().slice(0, 10);
}
