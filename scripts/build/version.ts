/** What the product calls itself: the version of deno.json and the commit that it was built from. */
import { HostError } from "../../runtime/common/errors.ts";
import { CommandError, runCommand } from "./command.ts";
import { ROOT } from "./paths.ts";
import { exists } from "./output_file.ts";

export interface Version {
  /** `version` of deno.json, `unknown` when it has none. */
  readonly version: string;
  /** As `git describe` names the commit, with `-dirty` after local changes; `unknown` outside a git checkout. */
  readonly commit: string;
  /** The day of the commit, `2026-11-29`; that of SOURCE_DATE_EPOCH, or today, outside a git checkout. */
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

/** What git says of the checkout; undefined where there is none. */
async function askGit(args: readonly string[]): Promise<string | undefined> {
  // Of an archive unpacked inside another checkout, git would name that one's commit.
  if (!await exists(`${ROOT}/.git`)) return undefined;
  try {
    return (await runCommand("git", ["-C", ROOT, ...args])).trim();
  } catch (error) {
    // No git installed, or one that does not trust the checkout's owner: the build goes on without the name.
    if (error instanceof HostError || error instanceof CommandError) return undefined;
    throw error;
  }
}

/** reproducible-builds.org: seconds since 1970. */
function sourceDate(): string {
  const epoch = Deno.env.get("SOURCE_DATE_EPOCH");
  return new Date(epoch ? Number(epoch) * 1000 : Date.now()).toISOString().slice(0, 10);
}
